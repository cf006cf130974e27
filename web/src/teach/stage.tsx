/** The camera of the view Teach: a box around the recorded face, and the recording state on top. */

import { CameraChoice } from "../camera/camera-choice.tsx";
import { CameraMuted, CameraNotice } from "../camera/camera-notice.tsx";
import type { Camera } from "../camera/use-camera.ts";
import { useCameraFocus } from "../camera/use-camera-focus.ts";
import { count } from "../parts/numbers.ts";
import type { TaughtClass } from "./project.ts";
import type { Recorder } from "./use-recorder.ts";

export interface StageProps {
  readonly camera: Camera;
  readonly recorder: Recorder;
  readonly classes: readonly TaughtClass[];
  /** Whether the models are loaded. */
  readonly ready: boolean;
}

export function Stage({ camera, recorder, classes, ready }: StageProps) {
  const { state, muted, video } = camera;
  const running = state.kind === "running";
  const place = useCameraFocus(state);
  const begin = (deviceId?: string): void => void camera.start({ deviceId });
  return (
    <div ref={place} class="teach-stage" role="group" aria-label="Camera" tabIndex={-1}>
      <div class={running ? "stage running" : "stage"}>
        <video ref={video} class="mirrored" muted playsInline aria-label="What the camera sees" />
        {running ? (
          <>
            <Boxes seen={recorder.seen} />
            {muted && (
              <CameraMuted>{recorder.state.kind === "recording" && " Nothing is recorded."}</CameraMuted>
            )}
            <Recording recorder={recorder} classes={classes} muted={muted} />
          </>
        ) : (
          <CameraNotice
            state={state}
            ready={ready}
            invitation={
              <p>
                Record examples with the camera.
                <span class="muted"> Faces are cut out and kept in this browser. Nothing is sent.</span>
              </p>
            }
            onStart={() => begin()}
          />
        )}
      </div>
      {running && (
        <div class="controls">
          <button class="button" type="button" onClick={camera.stop}>
            Stop the camera
          </button>
          <CameraChoice camera={camera} onChoose={begin} />
          <SeenNote recorder={recorder} />
        </div>
      )}
      {recorder.error !== undefined && (
        <p class="error" role="alert">
          {recorder.error}
        </p>
      )}
    </div>
  );
}

/** The recorded face, and the others with thinner boxes. */
function Boxes({ seen }: { readonly seen: Recorder["seen"] }) {
  if (!seen) return null;
  const { width, height, boxes } = seen;
  return (
    <div class="overlay" aria-hidden="true">
      <svg viewBox={`0 0 ${width} ${height}`}>
        {boxes.map((box, i) => {
          const at = { ...box, x: width - box.x - box.width, rx: box.width * 0.04 };
          return (
            <g key={i} class={i === 0 ? "taken" : "passed-over"}>
              <rect class="box-halo" {...at} />
              <rect class="box" {...at} />
            </g>
          );
        })}
      </svg>
    </div>
  );
}

function Recording({
  recorder,
  classes,
  muted,
}: Pick<StageProps, "recorder" | "classes"> & { readonly muted: boolean }) {
  const { state, seen, count: recorded } = recorder;
  if (state.kind === "idle") return null;
  const name = classes.find(({ id }) => id === state.class)?.name;
  const faceless = seen?.boxes.length === 0;
  return (
    <>
      {state.kind === "countdown" ? (
        <p class="countdown" role="timer" aria-live="polite">
          <b>{state.seconds}</b> Get ready for “{name}”
        </p>
      ) : (
        <p class="recording-mark">
          {!muted && <span class="recording-dot" aria-hidden="true" />} “{name}”{" "}
          <b class="number">{recorded}</b>
          {state.seconds !== undefined && <span class="number">{state.seconds} s</span>}
        </p>
      )}
      {faceless && state.kind === "recording" && (
        <p class="no-face-alert" role="alert">
          No face in view: nothing is recorded.
        </p>
      )}
      {state.kind === "countdown" || state.seconds !== undefined ? (
        <button class="button stop-recording" type="button" onClick={recorder.release}>
          Stop
        </button>
      ) : null}
    </>
  );
}

function SeenNote({ recorder: { seen, state } }: Pick<StageProps, "recorder">) {
  if (!seen || state.kind !== "idle") return null;
  const faces = seen.boxes.length;
  return (
    <p class="muted seen-note" role="status">
      {faces === 0
        ? "No face in view."
        : faces === 1
          ? "A face is in view."
          : `${count(faces, "face")} in view: the largest is recorded.`}
    </p>
  );
}
