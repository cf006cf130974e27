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
import { clipped, type DetectedFace } from "./boxes.ts";
import { tiltsOf } from "./eyes.ts";
import type { FaceDetector } from "./face-detector.ts";
import { searchLetterboxed } from "./letterbox-search.ts";
import { liveSearch } from "./live-search.ts";
import { type SearchOptions, searchPyramid } from "./pyramid-search.ts";

/** How a photo is searched. */
export interface DetectorSettings {
  /**
   * Of a network that sees whole photos: side of the square that goes in. Of one that `sees` faces of some sizes, which is
   * searched from coarse to fine: the longer side of the photo in its finest look, in place of what `search` asks for.
   */
  readonly size: number;
  /** Boxes that score less are dropped. */
  readonly threshold: number;
  /** Of two boxes that overlap by more (intersection over union), the better stays. */
  readonly overlap: number;
  /** How far small faces are looked for (`pyramid-search.ts`); only where the network `sees` faces of some sizes. */
  readonly search?: "thorough" | "fast";
  /** `auto`: where nothing is found, faces that lie on their side or upside down are looked for. Default: `none`. */
  readonly rotate?: "auto" | "none";
  /** Sides in pixels of the smallest and the largest face that the network sees well; left out, it sees whole photos. */
  readonly sees?: { readonly smallest: number; readonly largest: number } | undefined;
}

const KEY = "vultus_detector";
const settingsSchema = z.object({
  size: z.number().int(),
  threshold: z.number(),
  overlap: z.number(),
  sees: z.object({ smallest: z.number().positive(), largest: z.number().positive() }).optional(),
});

/** What a detector without settings of its own gets: those of face-api.js. */
const usual: DetectorSettings = { size: 416, threshold: 0.5, overlap: 0.4 };

/** Sides that the detector can take are multiples of this: it halves its image four or five times. */
const STEP = 32;

/** Settings as they are written in the model's metadata. */
export function detectorMetadata(settings: DetectorSettings): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(settings) };
}

export interface DetectorModel {
  readonly program: Program;
  readonly input: BundleInput;
  readonly settings: DetectorSettings;
  /** How far photos are searched; left out where the network sees whole photos. */
  readonly search?: SearchOptions["search"];
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
  const { sees, search = "thorough" } = settings;
  return { program, input: dtype, settings, ...(sees && { search: chosen.size ?? search }) };
}

/** Opens a detector on an engine. */
export async function openDetector(engine: Engine, model: DetectorModel): Promise<FaceDetector> {
  const { settings, search } = model;
  const { find, finish, release } = await openNetworks(engine, model);
  const { sees, threshold } = settings;
  const searched = (photo: Picture, onLook?: () => void): Promise<DetectedFace[]> => {
    const look: typeof find = (image, least) => {
      onLook?.();
      return find(image, least);
    };
    return sees && search !== undefined
      ? searchPyramid(photo, { step: STEP, sees, find: look }, { ...settings, search })
      : searchLetterboxed(photo, (square) => look(square, threshold), settings);
  };
  return { detect: async (picture, onLook) => finish(await searched(picture, onLook), picture), release };
}

/**
 * Opens a detector for the frames of one camera or video, taken one after the other: most of a frame is looked at only every few
 * frames (`live-search.ts`). A network that sees whole photos looks at every frame.
 */
export async function openLiveDetector(engine: Engine, model: DetectorModel): Promise<FaceDetector> {
  const { sees } = model.settings;
  if (!sees) return openDetector(engine, model);
  const { find, finish, release } = await openNetworks(engine, model);
  return { detect: liveSearch({ step: STEP, sees, find }, { ...model.settings, finish }), release };
}

interface OpenNetworks {
  /** Faces of an image that score more than `least`, in its pixels. */
  find(image: Picture, least: number): Promise<DetectedFace[]>;
  /** What of the boxes lies in the picture, and how far each face leans. */
  finish(found: readonly DetectedFace[], picture: Picture): Promise<DetectedFace[]>;
  release(): Promise<void>;
}

async function openNetworks(engine: Engine, { program, input, eyes }: DetectorModel): Promise<OpenNetworks> {
  const open = await engine.open(program);
  const openEyes = eyes && (await engine.open(eyes));
  const feed = program.tensors.find(({ role }) => role === "feed")?.name as string;
  return {
    find: async (image, least) => boxesOf(await open.run({ [feed]: bundleInput([image], input) }), least),
    async finish(found, picture) {
      const faces = found.flatMap(({ box, score }) => {
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
