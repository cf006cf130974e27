/** Labels at the boxes of faces: full if there is room, else only the number, else none. */

import { accentOf } from "../style/accents.ts";
import { type Extent, placeLabels, type Rect } from "./place-labels.ts";

export interface TaggedFace {
  readonly key: number;
  /** In pixels of the stage as displayed. */
  readonly box: Rect;
  /** Omitted if there is only one face. */
  readonly number: number | undefined;
  readonly text: string;
  /** Name of the expression; null if the model is not sure. */
  readonly name: string | null;
  /** Index of its class. */
  readonly index: number;
}

/** Sizes in pixels; `.tag` in faces.css relies on them. The padding contains the dot, too. */
const LONG = { font: 12, height: 18, padding: 26 };
const SHORT = { font: 10, height: 13, padding: 6 };

export interface TagsProps {
  readonly faces: readonly TaggedFace[];
  readonly stage: Extent;
  /** Its number among the faces, which is always shown in full. */
  readonly chosen?: number | undefined;
}

export function Tags({ faces, stage, chosen }: TagsProps) {
  if (stage.width === 0) return null;
  const placed = placeLabels(
    faces.map((face) => ({ box: face.box, forms: formsOf(face) })),
    stage,
    chosen,
  );
  return (
    <>
      {faces.map(({ key, number, text, name, index }, i) => {
        const at = placed[i];
        const long = at?.form === 0;
        return (
          at && (
            <span
              class={long ? "tag" : "tag short"}
              part="tag"
              key={key}
              style={{ left: `${at.left}px`, top: `${at.top}px` }}
            >
              {long && (
                <span class="dot" style={{ background: name === null ? "#fff" : accentOf(name, index) }} />
              )}
              {number !== undefined && <b>{number}</b>}
              {long && text}
            </span>
          )
        );
      })}
    </>
  );
}

function formsOf({ number, text }: TaggedFace): Extent[] {
  if (number === undefined) return [extentOf(text, LONG)];
  return [extentOf(`${number} ${text}`, LONG), extentOf(String(number), SHORT)];
}

let context: CanvasRenderingContext2D | null | undefined;

function extentOf(text: string, { font, height, padding }: typeof LONG): Extent {
  context ??= document.createElement("canvas").getContext("2d");
  if (context) context.font = `600 ${font}px system-ui, sans-serif`;
  const width = context?.measureText(text).width ?? 0.6 * font * text.length;
  return { width: Math.ceil(width + padding), height };
}
