/** Boxes and labels over the camera's picture. */

import { labelOf } from "../../../src/predict/prediction.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import { share } from "../parts/numbers.ts";
import { accentOf } from "../style/accents.ts";
import { placeOnStage } from "./letterbox.ts";

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
  const left = ({ box }: TrackedFace): number => (mirrored ? width - box.x - box.width : box.x);
  return (
    <div class="overlay" aria-hidden="true">
      <svg viewBox={`0 0 ${width} ${height}`}>
        {faces.map((face) => {
          const { name, index } = labelled(face, threshold);
          const place = { ...face.box, x: left(face), rx: face.box.width * 0.04 };
          return (
            <g key={face.track}>
              <rect class="box-halo" {...place} />
              <rect
                class="box"
                part="box"
                {...place}
                style={name === null ? {} : { stroke: accentOf(name, index) }}
              />
            </g>
          );
        })}
      </svg>
      {faces.map((face) => {
        const { text, name, index } = labelled(face, threshold);
        const place = placeOnStage({ x: left(face), y: face.box.y }, { width, height });
        return (
          <span
            class={place.top > 9 ? "tag above" : "tag"}
            part="tag"
            key={face.track}
            style={{ left: `${place.left}%`, top: `${place.top}%` }}
          >
            <span class="dot" style={{ background: name === null ? "#fff" : accentOf(name, index) }} />
            {faces.length > 1 && <b>{face.track}</b>}
            {text}
          </span>
        );
      })}
    </div>
  );
}
