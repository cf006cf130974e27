/** Boxes and labels on top of the camera's image. */

import { useRef } from "preact/hooks";
import { labelOf } from "../../../src/predict/prediction.ts";
import type { TrackedFace } from "../../../src/predict/tracking.ts";
import { share } from "../parts/numbers.ts";
import { Tags } from "../parts/tags.tsx";
import { useExtent } from "../parts/use-extent.ts";
import { accentOf } from "../style/accents.ts";
import { onStage } from "./letterbox.ts";

export interface OverlayProps {
  readonly faces: readonly TrackedFace[];
  readonly width: number;
  readonly height: number;
  /** Whether the image is mirrored. */
  readonly mirrored: boolean;
  readonly threshold: number;
}

/** The label of a face, and the colour of its box. */
export function labelled(
  { probabilities }: Pick<TrackedFace, "probabilities">,
  threshold: number,
): { text: string; name: string | null; index: number } {
  const name = labelOf(probabilities, threshold);
  const index = Object.keys(probabilities).indexOf(name ?? "");
  return { text: name === null ? "not sure" : `${name} ${share(probabilities[name] ?? 0)}`, name, index };
}

export function Overlay({ faces, width, height, mirrored, threshold }: OverlayProps) {
  const stage = useRef<HTMLDivElement>(null);
  const extent = useExtent(stage);
  const shown = faces.map(({ track, box, probabilities }) => ({
    key: track,
    box: { ...box, x: mirrored ? width - box.x - box.width : box.x },
    ...labelled({ probabilities }, threshold),
  }));
  return (
    <div ref={stage} class="overlay" aria-hidden="true">
      <svg viewBox={`0 0 ${width} ${height}`}>
        {shown.map(({ key, box, name, index }) => {
          const place = { ...box, rx: box.width * 0.04 };
          return (
            <g key={key}>
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
      <Tags
        stage={extent}
        faces={shown.map((face) => ({
          ...face,
          number: faces.length > 1 ? face.key : undefined,
          box: onStage(face.box, { width, height }, extent),
        }))}
      />
    </div>
  );
}
