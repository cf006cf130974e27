/** Announces what the camera shows to screen readers: on changes, and at most once every few seconds. */

import { useEffect, useRef, useState } from "preact/hooks";
import { labelOf } from "../../../src/predict/prediction.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";

const SECONDS = 4;

export interface SpokenProps {
  readonly faces: readonly TrackedFace[];
  readonly threshold: number;
  readonly on: boolean;
}

export function Spoken({ faces, threshold, on }: SpokenProps) {
  const [text, setText] = useState("");
  const latest = useRef("");
  latest.current = faces
    .slice(0, 3)
    .map(({ track, probabilities }) => {
      const label = labelOf(probabilities, threshold) ?? "not sure";
      return faces.length > 1 ? `face ${track}: ${label}` : label;
    })
    .join(", ");
  useEffect(() => {
    if (!on) return setText("");
    const timer = setInterval(() => setText(latest.current || "no face"), SECONDS * 1000);
    return () => clearInterval(timer);
  }, [on]);
  return (
    <p class="visually-hidden" aria-live="polite">
      {text}
    </p>
  );
}
