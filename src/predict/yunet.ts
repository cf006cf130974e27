/**
 * YuNet (Wu, Peng and Yu 2023), the face detector of OpenCV's zoo: its input, and decoding of its output. For each cell
 * of three maps it gives a class score, an objectness, a box and five landmarks, of which the eyes are used.
 */

import type { Picture } from "../data/dataset.ts";
import type { Tensors } from "../runtime/session.ts";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type Tensor } from "../util/tensor.ts";
import type { DetectedFace } from "./boxes.ts";

/** Input pixels per cell of each map. */
const STRIDES = [8, 16, 32];
/** The outputs per map, and the numbers per cell of each. */
const FIELDS = { cls: 1, obj: 1, bbox: 4, kps: 10 } as const;
type Field = keyof typeof FIELDS;

/**
 * OpenCV's default threshold of 0.9 suits faces that look at the camera; 0.7 also finds faces that look away. `sees` is
 * what the authors state for their training scheme.
 */
export const yunetSettings = {
  size: 640,
  threshold: 0.7,
  overlap: 0.3,
  sees: { smallest: 10, largest: 300 },
};

/**
 * Minimum score of a possible face. A score is the root of a product of two probabilities, so this corresponds to 0.1.
 */
export const YUNET_HINT = 0.3;

/** Returns whether a model's outputs are those of YuNet, from its version of March 2023 on. */
export function isYunet(outputs: readonly { readonly name: string }[]): boolean {
  const names = new Set(outputs.map(({ name }) => name));
  return STRIDES.every((stride) =>
    (Object.keys(FIELDS) as Field[]).every((field) => names.has(`${field}_${stride}`)),
  );
}

/** Converts the image to YuNet's input: float32 [1, 3, H, W] in BGR, from 0 to 255. */
export function yunetInput({ pixels, width, height, channels }: Picture): Tensor {
  const plane = width * height;
  const values = new Float32Array(3 * plane);
  for (let channel = 0; channel < 3; channel++) {
    const start = (2 - channel) * plane;
    const from = channels === 1 ? 0 : channel;
    for (let i = 0; i < plane; i++) values[start + i] = pixels[i * channels + from] as number;
  }
  return floatTensor([1, 3, height, width], values);
}

/**
 * Decodes YuNet's output for an image of these sides, keeping faces that score at least `least`, in its pixels. A score
 * is the root of class score × objectness, each from 0 to 1. A box is encoded as the offset of its centre from its
 * cell's corner and the logarithms of its sides, both in cells; landmarks are offsets as well.
 *
 * @throws FormatError if a map has an unexpected number of cells.
 */
export function yunetFaces(
  results: Tensors,
  { width, height }: Pick<Picture, "width" | "height">,
  least: number,
): DetectedFace[] {
  return STRIDES.flatMap((stride) => {
    const [columns, rows] = [width / stride, height / stride];
    const map = (field: Field): Float32Array => {
      const data = results[`${field}_${stride}`]?.data as Float32Array;
      if (data.length === FIELDS[field] * columns * rows) return data;
      throw new FormatError(
        `the face detector returned ${data.length} numbers in ${field}_${stride} for an image of ${width} × ${height} pixels; expected ${FIELDS[field] * columns * rows}`,
      );
    };
    const [classes, objects, boxes, points] = [map("cls"), map("obj"), map("bbox"), map("kps")];
    const faces: DetectedFace[] = [];
    for (let cell = 0; cell < classes.length; cell++) {
      const score = Math.sqrt(share(classes[cell] as number) * share(objects[cell] as number));
      if (!(score >= least)) continue;
      const [column, row] = [cell % columns, Math.floor(cell / columns)];
      const [dx = 0, dy = 0, across = 0, down = 0] = boxes.subarray(4 * cell, 4 * cell + 4);
      const [boxWidth, boxHeight] = [Math.exp(across) * stride, Math.exp(down) * stride];
      // The eye on the left of an upright image, the person's right eye, comes first.
      const [leftX = 0, leftY = 0, rightX = 0, rightY = 0] = points.subarray(10 * cell, 10 * cell + 4);
      faces.push({
        box: {
          x: (column + dx) * stride - boxWidth / 2,
          y: (row + dy) * stride - boxHeight / 2,
          width: boxWidth,
          height: boxHeight,
        },
        score,
        tilt: (Math.atan2(rightY - leftY, rightX - leftX) * 180) / Math.PI,
      });
    }
    return faces;
  });
}

function share(value: number): number {
  return Math.min(1, Math.max(0, value));
}
