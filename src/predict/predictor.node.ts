/** Predicts face crops from files: decoded, prepared as for validation, and scored in batches. */

import type { Picture } from "../data/dataset.ts";
import { readPicture, reduced } from "../data/decode.node.ts";
import { LARGEST_SIDE } from "../evaluate/evaluate.node.ts";
import { inMemory, runBundle } from "../evaluate/run-bundle.ts";
import type { Bundle } from "../program/read-bundle.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { messageOf, VultusError } from "../util/errors.ts";

export interface Face {
  /** In pixels of the picture. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly probabilities: Readonly<Record<string, number>>;
  readonly label: string;
}

/** What became of one file. */
export interface Prediction {
  readonly file: string;
  readonly status: "ok" | "unreadable";
  readonly faces: readonly Face[];
  /** Why it could not be read. */
  readonly reason?: string;
}

/** Pictures in memory at a time. */
const BATCH = 32;

/** Predictions of `files`, in order, each picture taken as one face; what cannot be read is reported, not thrown. */
export async function* predictCrops(
  engine: Engine,
  bundle: Bundle,
  files: readonly string[],
): AsyncGenerator<Prediction> {
  const { architecture, program, input } = bundle;
  const { classes } = architecture;
  const open = await engine.open(program);
  try {
    for (let start = 0; start < files.length; start += BATCH) {
      const chunk = files.slice(start, start + BATCH);
      const read = await Promise.all(chunk.map(tryRead));
      const crops = read.flatMap((entry) => ("picture" in entry ? [centreSquare(entry.picture)] : []));
      const { probabilities } = await runBundle(open, input, classes.length, inMemory(crops));
      let row = 0;
      for (const [i, file] of chunk.entries()) {
        const entry = read[i] as Read;
        if (!("picture" in entry)) yield { file, status: "unreadable", faces: [], reason: entry.reason };
        else {
          const shares = probabilities.subarray(row * classes.length, (row + 1) * classes.length);
          row++;
          yield { file, status: "ok", faces: [face(entry, shares, classes)] };
        }
      }
    }
  } finally {
    await open.release();
  }
}

type Read =
  | { readonly picture: Picture; readonly width: number; readonly height: number }
  | { readonly reason: string };

async function tryRead(file: string): Promise<Read> {
  try {
    const picture = await readPicture({ kind: "file", path: file });
    return { picture: await reduced(picture, LARGEST_SIDE), width: picture.width, height: picture.height };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

function face(
  { width, height }: { width: number; height: number },
  shares: Float32Array,
  classes: readonly string[],
): Face {
  if (shares.some(Number.isNaN))
    throw new VultusError("the model answers NaN: its weights are damaged; train again");
  const best = shares.indexOf(Math.max(...shares));
  return {
    box: { x: 0, y: 0, width, height },
    probabilities: Object.fromEntries(classes.map((name, i) => [name, shares[i] as number])),
    label: classes[best] as string,
  };
}

/** The middle of a picture, as wide as it is high: all that the centre crop can see. */
function centreSquare(picture: Picture): Picture {
  const { width, height, channels, pixels } = picture;
  const side = Math.min(width, height);
  if (width === height) return picture;
  const [left, top] = [Math.floor((width - side) / 2), Math.floor((height - side) / 2)];
  const cut = new Uint8Array(side * side * channels);
  for (let y = 0; y < side; y++) {
    const from = ((top + y) * width + left) * channels;
    cut.set(pixels.subarray(from, from + side * channels), y * side * channels);
  }
  return { pixels: cut, width: side, height: side, channels };
}
