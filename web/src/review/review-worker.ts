/** The worker that lays out the map. */

import { messageOf } from "../../../src/util/errors.ts";
import { type LayoutStep, layOut } from "./layout.ts";

export interface ToLayout {
  readonly features: Float32Array;
  readonly count: number;
}

export type FromLayout =
  | ({ readonly kind: "step" } & LayoutStep)
  | { readonly kind: "failed"; readonly reason: string };

/** Milliseconds between two displayed steps. */
const SHOW_EVERY = 100;

self.addEventListener("message", ({ data: { features, count } }: MessageEvent<ToLayout>) => {
  try {
    let shown = -Infinity;
    for (const step of layOut(features, count)) {
      const now = performance.now();
      if (step.done < step.of && now < shown + SHOW_EVERY) continue;
      shown = now;
      say({ kind: "step", ...step });
    }
  } catch (error) {
    say({ kind: "failed", reason: messageOf(error) });
  }
});

function say(message: FromLayout): void {
  self.postMessage(message);
}
