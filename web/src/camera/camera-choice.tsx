import type { Camera } from "./use-camera.ts";

interface Props {
  readonly camera: Camera;
  readonly onChoose: (deviceId: string) => void;
}

/** A list of the cameras, if there are several and one is running. */
export function CameraChoice({ camera: { state, devices }, onChoose }: Props) {
  if (state.kind !== "running" || devices.length < 2) return null;
  return (
    <select
      class="button"
      aria-label="Camera"
      value={state.deviceId}
      onChange={({ currentTarget }) => onChoose(currentTarget.value)}
    >
      {devices.map(({ deviceId, label }, i) => (
        <option key={deviceId} value={deviceId}>
          {label || `Camera ${i + 1}`}
        </option>
      ))}
    </select>
  );
}
