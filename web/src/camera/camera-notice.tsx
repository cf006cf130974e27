/** What stands in the camera's place while it does not run: how to start it, or why it cannot be. */

import type { ComponentChildren } from "preact";
import type { CameraState } from "./use-camera.ts";

const reasons: Readonly<
  Record<Exclude<CameraState["kind"], "off" | "asking" | "running" | "failed">, string>
> = {
  refused:
    "The camera was refused. Allow it for this page in the browser's settings, often behind the symbol before the address, and try again.",
  missing: "There is no camera. Connect one and try again.",
  taken: "The camera cannot be read. Another program may be using it: close that and try again.",
  insecure: "A browser lends its camera only to pages from https or from this computer. Open the page there.",
  lost: "The camera was disconnected.",
};

/** What can be done about a camera that is not there; undefined where it runs, or was not asked for. */
export function reasonOf(state: CameraState): string | undefined {
  if (state.kind === "failed") return `The camera does not start: ${state.reason}`;
  return reasons[state.kind as keyof typeof reasons];
}

export interface CameraNoticeProps {
  readonly state: CameraState;
  /** Whether the models are loaded. */
  readonly ready: boolean;
  /** What the camera is for, in place of what the models read. */
  readonly invitation?: ComponentChildren;
  onStart(): void;
}

export function CameraNotice({ state, ready, invitation, onStart }: CameraNoticeProps) {
  const { kind } = state;
  if (kind === "asking")
    return (
      <div class="notice" part="notice" role="status">
        <p>Waiting for the camera. The browser may ask you for it.</p>
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
            <span class="muted"> The images are looked at in this browser and nowhere kept.</span>
          </p>
        ))
      )}
      <button class="button primary" part="start" type="button" disabled={!ready} onClick={onStart}>
        {reason ? "Try again" : "Start the camera"}
      </button>
    </div>
  );
}
