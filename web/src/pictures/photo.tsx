/** A photo with its faces in boxes: the colour shows the expression, and a tap on a box selects its face. */

import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { type Face, labelOf } from "../../../src/predict/prediction.ts";
import { onStage } from "../camera/letterbox.ts";
import { count } from "../parts/numbers.ts";
import type { Extent, Rect } from "../parts/place-labels.ts";
import { Tags } from "../parts/tags.tsx";
import { useExtent } from "../parts/use-extent.ts";
import { accentOf } from "../style/accents.ts";
import { faceAt } from "./face-at.ts";

export interface PhotoProps {
  readonly name: string;
  readonly url: string;
  /** Undefined until they were detected. */
  readonly faces: readonly Face[] | undefined;
  /** Size of the photo in its own pixels; boxes are drawn once it is known. */
  readonly extent: Extent | undefined;
  readonly threshold: number;
  readonly chosen: number | undefined;
  onChoose(face: number): void;
}

export function Photo({ name, url, faces, extent, threshold, chosen, onChoose }: PhotoProps) {
  const stage = useRef<HTMLDivElement>(null);
  const shown = useExtent(stage);
  const marked = (extent ? (faces ?? []) : []).map(({ box, probabilities }, i) => {
    const label = labelOf(probabilities, threshold);
    const index = Object.keys(probabilities).indexOf(label ?? "");
    return { key: i, box, name: label, index, text: label ?? "not sure" };
  });
  const boxes = extent ? marked.map(({ box }) => onStage(box, extent, shown)) : [];
  const choose = ({ currentTarget, clientX, clientY }: JSX.TargetedMouseEvent<SVGSVGElement>): void => {
    const { left, top } = currentTarget.getBoundingClientRect();
    const face = faceAt(boxes, { x: clientX - left, y: clientY - top });
    if (face !== undefined) onChoose(face);
  };
  const fine = boxes.some(({ width }) => width < FINE);
  return (
    <div ref={stage} class={fine ? "photo fine" : "photo"}>
      <img src={url} alt={altOf(name, faces, threshold)} />
      {extent && (
        <svg viewBox={`0 0 ${extent.width} ${extent.height}`} aria-hidden="true" onClick={choose}>
          {marked.map(({ key, box, name: label, index }) => {
            const place = { ...box, rx: box.width * 0.06 };
            return (
              <g key={key} class={key === chosen ? "chosen" : ""}>
                <rect class="box-halo" {...place} />
                <rect
                  class="box"
                  {...place}
                  style={label === null ? {} : { stroke: accentOf(label, index) }}
                />
              </g>
            );
          })}
        </svg>
      )}
      {extent && marked.length > 1 && (
        <div class="overlay" aria-hidden="true">
          <Tags
            stage={shown}
            chosen={chosen}
            faces={marked.map((face, i) => ({ ...face, number: i + 1, box: boxes[i] as Rect }))}
          />
        </div>
      )}
    </div>
  );
}

/** Boxes narrower than this, in displayed pixels, have thin lines. */
const FINE = 24;
/** Text alternative for the image. */
function altOf(name: string, faces: readonly Face[] | undefined, threshold: number): string {
  if (!faces) return name;
  const labels = faces.map(({ probabilities }) => labelOf(probabilities, threshold) ?? "not sure");
  return `${name}: ${count(faces.length, "face")}${labels.length > 0 ? `, ${labels.join(", ")}` : ""}`;
}
