/** Boxes and labels over the camera's picture. */

import { labelOf } from "../../../src/predict/prediction.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import { share } from "../parts/numbers.ts";
import { accentOf } from "../style/accents.ts";

export interface OverlayProps {
  readonly faces: readonly TrackedFace[];
  readonly width: number;
  readonly height: number;
  /** Whether the picture is shown as in a mirror. */
  readonly mirrored: boolean;
  readonly threshold: number;
}

/** What is written at a face, and the colour of its box. */
export function labelled(
  { probabilities }: Pick<TrackedFace, "probabilities">,
  threshold: number,
): { text: string; name: string | null; index: number } {
  const name = labelOf(probabilities, threshold);
  const index = Object.keys(probabilities).indexOf(name ?? "");
  return { text: name === null ? "not sure" : `${name} ${share(probabilities[name] ?? 0)}`, name, index };
}

export function Overlay({ faces, width, height, mirrored, threshold }: OverlayProps) {
  const size = height / 22;
  return (
    <svg class="overlay" viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      {faces.map((face) => {
        const { box, track } = face;
        const x = mirrored ? width - box.x - box.width : box.x;
        const { text, name, index } = labelled(face, threshold);
        const chip = { width: (text.length + 2) * size * 0.56, height: size * 1.6 };
        const top = box.y > chip.height + 4 ? box.y - chip.height - 4 : box.y + 4;
        const left = Math.max(0, Math.min(x, width - chip.width));
        const colour = name === null ? "#fff" : accentOf(name, index);
        return (
          <g key={track}>
            <rect class="box-halo" {...box} x={x} rx={box.width * 0.06} />
            <rect class="box" {...box} x={x} rx={box.width * 0.06} style={{ stroke: colour }} />
            <rect class="chip" x={left} y={top} {...chip} rx={chip.height / 2} />
            <circle
              cx={left + size * 0.85}
              cy={top + chip.height / 2}
              r={size * 0.3}
              style={{ fill: colour }}
            />
            <text x={left + size * 1.4} y={top + chip.height * 0.68} font-size={size}>
              {text}
            </text>
          </g>
        );
      })}
    </svg>
  );
}
