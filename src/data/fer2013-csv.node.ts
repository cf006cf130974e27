/**
 * Reads fer2013.csv: 48 × 48 grey pixels as text, an emotion's number, and the split it was published in; or the same without
 * splits, as in Kaggle's competition, where all images are for training.
 */

import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { FormatError } from "../util/errors.ts";
import type { RawSample, RawSource } from "./assemble.ts";
import { emotionNamed, splitNamed } from "./names.ts";
import { splitColumns } from "./split-column.ts";

/** Classes in the order of the file's numbers (Goodfellow et al. 2013). */
export const fer2013Classes = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"] as const;
export const fer2013Columns = ["emotion", "pixels"] as const;
const columns = [...fer2013Columns, ...splitColumns];

const side = 48;
const space = 32;
const zero = 48;
const usages = "Training, PublicTest or PrivateTest";

/** Reads every row as a sample with the id `row <number>`. @throws FormatError naming the file and the row. */
export async function readFer2013Csv(path: string): Promise<RawSource> {
  const samples: RawSample[] = [];
  const header = await readCsvHeader(path, columns);
  const splitColumn = ["usage", ...splitColumns].find((column) => header.includes(column));
  for await (const { number, cells } of readCsvRows(path, columns)) {
    const wrong = (problem: string): FormatError => new FormatError(`${path}, row ${number}: ${problem}`);
    const { emotion = "", pixels = "" } = cells;
    const className = /^\d(\.0)?$/.test(emotion) ? fer2013Classes[Number(emotion)] : emotionNamed(emotion);
    if (className === undefined)
      throw wrong(`emotion is "${emotion}", expected 0 to 6 (${fer2013Classes.join(", ")}) or a name`);
    const usage = cells[splitColumn ?? ""] ?? "Training";
    const split = splitNamed(usage);
    if (split === undefined)
      throw wrong(`${splitColumn === "usage" ? "Usage" : splitColumn} is "${usage}", expected ${usages}`);
    const picture = { pixels: parsePixels(pixels, wrong), width: side, height: side, channels: 1 } as const;
    samples.push({ id: `row ${number}`, source: { kind: "pixels", picture }, className, split });
  }
  if (samples.length === 0) throw new FormatError(`${path} has a header but no rows`);
  return {
    path,
    classNames: [...new Set(samples.flatMap(({ className = [] }) => className))],
    samples,
    notes: [],
  };
}

/** Reads digit by digit: splitting 35,887 rows into 83 million strings takes longer than everything else. */
function parsePixels(text: string, wrong: (problem: string) => FormatError): Uint8Array {
  const pixels = new Uint8Array(side * side);
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) === space) continue;
    const start = at;
    let value = 0;
    for (; at < text.length && text.charCodeAt(at) !== space; at++) {
      const digit = text.charCodeAt(at) - zero;
      value = digit >= 0 && digit <= 9 ? 10 * value + digit : Number.NaN;
    }
    if (!(value <= 255)) {
      throw wrong(`pixel ${count + 1} is "${text.slice(start, at)}", expected a whole number from 0 to 255`);
    }
    pixels[count++] = value;
  }
  if (count === pixels.length) return pixels;
  throw wrong(`${count} pixels, expected ${pixels.length} (${side} × ${side}) numbers separated by spaces`);
}
