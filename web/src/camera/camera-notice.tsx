/** Shown in place of the camera while it is off: how to start it, or why it cannot be started. */

import type { ComponentChildren } from "preact";
import type { CameraState } from "./use-camera.ts";

const reasons: Readonly<
  Record<Exclude<CameraState["kind"], "off" | "asking" | "running" | "failed">, string>
> = {
  refused:
    "Access to the camera was denied. Allow it for this page in the browser's settings, often behind the icon next to the address, and try again.",
  missing: "No camera was found. Connect one and try again.",
  taken: "The camera cannot be used. Another program may be using it: close that program and try again.",
  insecure:
    "Browsers allow the camera only on https pages and on pages from this computer. Open the page there.",
  lost: "The camera was disconnected. Connect it again or use another one, and try again.",
};

/** What to do about an unavailable camera; undefined if it runs or was not requested. */
export function reasonOf(state: CameraState): string | undefined {
  if (state.kind === "failed") return `The camera could not be started: ${state.reason}`;
  return reasons[state.kind as keyof typeof reasons];
}

/** Shown over the image of a camera that is muted. */
export function CameraMuted({ children }: { readonly children?: ComponentChildren }) {
  return (
    <p class="camera-muted" role="alert">
      The camera sends no images. Another program may be using it, or its cover is closed.{children}
    </p>
  );
}

export interface CameraNoticeProps {
  readonly state: CameraState;
  /** Whether the models are loaded. */
  readonly ready: boolean;
  /** The purpose of the camera, unless it shows what the models read. */
  readonly invitation?: ComponentChildren;
  onStart(): void;
}

export function CameraNotice({ state, ready, invitation, onStart }: CameraNoticeProps) {
  const { kind } = state;
  if (kind === "asking")
    return (
      <div class="notice" part="notice" role="status">
        <p>Waiting for the camera. The browser may ask for your permission.</p>
      </div>
    );
  const reason = reasonOf(state);
  return (
    <div class="notice" part="notice">
      {reason ? (
        <p role="alert">{reason}</p>
      ) : (
        (invitation ?? (
          <p>
            See what the models read in your face, live.
            <span class="muted"> The images are processed in this browser and are not stored.</span>
          </p>
        ))
      )}
      <button class="button primary" part="start" type="button" disabled={!ready} onClick={onStart}>
        {reason ? "Try again" : "Start the camera"}
      </button>
    </div>
  );
}
