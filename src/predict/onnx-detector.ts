/**
 * A face detector that is an ONNX model: one picture in, boxes and scores out. The model that ships is one; so is any
 * other with the same inputs and outputs.
 */

import { z } from "zod";
import type { Picture } from "../data/dataset.ts";
import { bundleInput } from "../evaluate/run-bundle.ts";
import type { BundleInput } from "../program/bundle.ts";
import { decodeProgram } from "../program/onnx-program.ts";
import type { Program } from "../program/program.ts";
import type { Engine, OpenProgram } from "../runtime/engine.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import type { Tensor } from "../util/tensor.ts";
import { type Box, clipped, type DetectedFace, scaled, withoutDoubles } from "./boxes.ts";
import { tiltsOf } from "./eyes.ts";
import type { FaceDetector } from "./face-detector.ts";
import { halved, resampled } from "./resample.ts";

/** How a detector's answers are read. */
export interface DetectorSettings {
  /** Side of the square picture that goes in. Faces narrower than about a fifteenth of it are missed. */
  readonly size: number;
  /** Boxes that score less are dropped. */
  readonly threshold: number;
  /** Of two boxes that overlap by more (intersection over union), the better stays. */
  readonly overlap: number;
}

const KEY = "vultus_detector";
const settingsSchema = z.object({ size: z.number().int(), threshold: z.number(), overlap: z.number() });

/** What a detector that says nothing of itself gets: the settings of face-api.js. */
const usual: DetectorSettings = { size: 416, threshold: 0.5, overlap: 0.4 };

/**
 * A face that fills its picture is too large for the detector, which sees best what takes about a fifth of its side. Where
 * none is found, it looks again at the picture with a margin around it, which makes it this many times as wide.
 */
const AGAIN = [2.5, 5];

/** Sides that the detector can take are multiples of this: it halves its picture five times. */
const STEP = 32;

/** Settings as they are written in the model's metadata. */
export function detectorMetadata(settings: DetectorSettings): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(settings) };
}

export interface DetectorModel {
  readonly program: Program;
  readonly input: BundleInput;
  readonly settings: DetectorSettings;
  /** Finds the eyes of what was found (`eyes-graph.ts`); left out, nothing is known of how faces are tilted. */
  readonly eyes?: Program;
}

/**
 * Reads a detector; `name` is what errors call it. The model has one input: uint8 [1, H, W, 3], RGB, or float32
 * [1, 3, H, W], RGB from 0 to 1. Its outputs are `boxes` [M, 4], the left, upper, right and lower border in pixels of the
 * input, and `scores` [M]; more axes of extent 1 do no harm. Where H and W are fixed they must be equal.
 */
export function decodeDetector(
  bytes: Uint8Array,
  name: string,
  chosen: Partial<DetectorSettings> = {},
): DetectorModel {
  const { program, inputs, outputs, metadata } = decodeProgram(bytes, name);
  const [picture] = inputs;
  const dtype = picture?.dtype;
  const named = (wanted: string): boolean => outputs.some((output) => output.name === wanted);
  if (
    inputs.length !== 1 ||
    (dtype !== "uint8" && dtype !== "float32") ||
    !named("boxes") ||
    !named("scores")
  ) {
    const shown = (types: readonly { name: string; dtype: string }[]): string =>
      types.map((type) => `${type.name} (${type.dtype})`).join(", ");
    throw new FormatError(
      `${name} is no face detector: it takes ${shown(inputs)} and gives ${shown(outputs)}; it must take one picture (uint8 or float32) and give boxes and scores (docs/how-to/predict.md)`,
    );
  }
  const [height, width] = (dtype === "uint8" ? picture?.shape.slice(1, 3) : picture?.shape.slice(2)) ?? [];
  const fixed = typeof height === "number" ? { size: height } : {};
  if (typeof height === "number" && height !== width)
    throw new FormatError(
      `${name} takes pictures of ${width} × ${height} pixels; a face detector must take squares`,
    );
  const settings = { ...usual, ...ownSettings(metadata[KEY], name), ...fixed, ...defined(chosen) };
  if ("size" in fixed && settings.size !== fixed.size)
    throw new UsageError(`${name} takes pictures of ${fixed.size} px, not of ${settings.size} px`);
  if (!("size" in fixed) && settings.size % STEP !== 0)
    throw new UsageError(`a detector's size of ${settings.size} px is no multiple of ${STEP}`);
  return { program, input: dtype, settings };
}

/** Squares in which a panorama is searched. */
const MOST_TILES = 16;

/** Opens a detector on an engine. */
export async function openDetector(
  engine: Engine,
  { program, input, settings, eyes }: DetectorModel,
): Promise<FaceDetector> {
  const open = await engine.open(program);
  const openEyes = eyes && (await engine.open(eyes));
  const feed = program.tensors.find(({ role }) => role === "feed")?.name as string;
  return {
    async detect(picture) {
      const tiles = tilesOf(picture);
      const small = reducedFor(picture, tiles[0] as Box, settings.size);
      const found: DetectedFace[] = [];
      for (const tile of tiles) found.push(...(await detectIn(small, tile)));
      for (const factor of found.length > 0 ? [] : AGAIN) {
        found.push(...(await detectIn(small, widened(picture, factor))));
        if (found.length > 0) break;
      }
      const faces = withoutDoubles(found, settings.overlap).flatMap(({ box, score }) => {
        const visible = clipped(box, picture);
        return visible ? [{ box: visible, score }] : [];
      });
      if (!openEyes) return faces;
      const boxes = faces.map(({ box }) => box);
      const tilts = await tiltsOf(openEyes, picture, boxes);
      return faces.map((face, i) => ({ ...face, tilt: tilts[i] as number }));
    },
    async release() {
      await openEyes?.release();
      await open.release();
    },
  };

  /** Faces in a part of the photo, in pixels of the photo. */
  async function detectIn({ picture, reduction }: Reduced, tile: Box): Promise<DetectedFace[]> {
    const { size, threshold } = settings;
    const square = letterboxed(picture, scaled(tile, 1 / reduction), size);
    const results = await open.run({ [feed]: bundleInput([square], input) });
    const pixel = Math.max(tile.width, tile.height) / size;
    return boxesOf(results, threshold).map(({ box, score }) => {
      const { x, y, width, height } = scaled(box, pixel);
      return { box: { x: tile.x + x, y: tile.y + y, width, height }, score };
    });
  }
}

/** A picture, and how many pixels of the photo one of its own stands for, along either side. */
interface Reduced {
  readonly picture: Picture;
  readonly reduction: number;
}

/** Halves a photo for as long as its tiles stay larger than the detector's input. */
function reducedFor(photo: Picture, { width, height }: Box, size: number): Reduced {
  let [picture, reduction] = [photo, 1];
  while (Math.max(width, height) >= 2 * reduction * size)
    [picture, reduction] = [halved(picture), 2 * reduction];
  return { picture, reduction };
}

/** Boxes that score more than `threshold`, in pixels of the detector's input. */
function boxesOf(results: Awaited<ReturnType<OpenProgram["run"]>>, threshold: number): DetectedFace[] {
  const corners = (results.boxes as Tensor).data as Float32Array;
  const scores = (results.scores as Tensor).data as Float32Array;
  if (corners.length !== 4 * scores.length)
    throw new FormatError(
      `the face detector gives ${scores.length} scores and ${corners.length} numbers of boxes`,
    );
  const found: DetectedFace[] = [];
  for (const [i, score] of scores.entries()) {
    if (score <= threshold) continue;
    const [left, top, right, bottom] = corners.subarray(4 * i, 4 * i + 4) as unknown as [
      number,
      number,
      number,
      number,
    ];
    found.push({ box: { x: left, y: top, width: right - left, height: bottom - top }, score });
  }
  return found;
}

/** The longer side fitted to `size`, black below or to the right of the picture: as face-api.js does it. */
function letterboxed(picture: Picture, tile: Box, size: number): Picture {
  const scale = size / Math.max(tile.width, tile.height);
  const [width, height] = [
    Math.max(1, Math.round(tile.width * scale)),
    Math.max(1, Math.round(tile.height * scale)),
  ];
  const small = resampled(picture, tile, width, height);
  if (width === size && height === size) return small;
  const { channels } = picture;
  const pixels = new Uint8Array(size * size * channels);
  for (let y = 0; y < height; y++)
    pixels.set(small.pixels.subarray(y * width * channels, (y + 1) * width * channels), y * size * channels);
  return { pixels, width: size, height: size, channels };
}

/**
 * A panorama is searched in squares that overlap by half; anything else whole. Of a strip the squares are larger than it is
 * high: a picture of a few kilobytes must not ask for thousands of them.
 */
function tilesOf({ width, height }: Picture): Box[] {
  const [long, short] = [Math.max(width, height), Math.min(width, height)];
  const side = Math.ceil(Math.max(2 * short, (2 * long) / (MOST_TILES + 1)));
  if (long <= side) return [{ x: 0, y: 0, width, height }];
  const steps = Math.ceil((long - side) / (side / 2));
  return Array.from({ length: steps + 1 }, (_, i) => {
    const start = Math.round(((long - side) * i) / steps);
    return width > height ? { x: start, y: 0, width: side, height } : { x: 0, y: start, width, height: side };
  });
}

/** A square around the middle of the picture. */
function widened({ width, height }: Picture, factor: number): Box {
  const side = factor * Math.max(width, height);
  return { x: (width - side) / 2, y: (height - side) / 2, width: side, height: side };
}

function ownSettings(text: string | undefined, name: string): Partial<DetectorSettings> {
  if (text === undefined) return {};
  try {
    return settingsSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new FormatError(`${name}: its settings as a detector are damaged: ${messageOf(error)}`);
  }
}

/** Without the entries that are undefined, which would hide a default. */
function defined(settings: Partial<DetectorSettings>): Partial<DetectorSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
