/**
 * A face detector in an ONNX file: one image in, boxes and scores out. This covers the detector that ships, any other
 * model with these inputs and outputs, and YuNet (`yunet.ts`).
 */

import { z } from "zod";
import type { Picture } from "../data/dataset.ts";
import { bundleInput } from "../evaluate/run-bundle.ts";
import type { BundleInput } from "../program/bundle.ts";
import { decodeProgram } from "../program/onnx-program.ts";
import type { Program } from "../program/program.ts";
import type { Engine, OpenProgram } from "../runtime/engine.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import type { Tensor } from "../util/tensor.ts";
import { clipped, type DetectedFace } from "./boxes.ts";
import { checkDetectorSettings } from "./detector-settings.ts";
import { posesOf } from "./eyes.ts";
import type { FaceDetector } from "./face-detector.ts";
import { type ImagePyramid, imagePyramid } from "./image-pyramid.ts";
import { searchLetterboxed } from "./letterbox-search.ts";
import { liveSearch } from "./live-search.ts";
import type { FaceNetwork } from "./look.ts";
import { type SearchOptions, searchPyramid } from "./pyramid-search.ts";
import { turnedBack, turnedByQuarters } from "./quarter-turns.ts";
import { isYunet, YUNET_HINT, yunetFaces, yunetInput, yunetSettings } from "./yunet.ts";

/** Settings of the search in a photo. */
export interface DetectorSettings {
  /**
   * For a network that sees whole photos: the side of its square input. For one that `sees` a range of face sizes, and
   * is searched from coarse to fine: the maximum longer side of the photo in the finest look, which replaces `search`.
   */
  readonly size: number;
  /** Boxes with a lower score are dropped. */
  readonly threshold: number;
  /** Maximum intersection over union of two different faces. */
  readonly overlap: number;
  /**
   * How thoroughly small faces are searched for (`pyramid-search.ts`); only for a network that `sees` a range of face
   * sizes. Default: `thorough`.
   */
  readonly search?: "thorough" | "fast";
  /**
   * `auto`: if no face is certain, the photo is also searched rotated by 90, 180 and 270 degrees, which takes four
   * times as long. A rotation is chosen if its faces score clearly higher. Default: `none`.
   */
  readonly rotate?: "auto" | "none";
  /** Smallest and largest face side, in pixels, that the network detects reliably. Left out, it sees whole photos. */
  readonly sees?: { readonly smallest: number; readonly largest: number } | undefined;
}

const KEY = "vultus_detector";
const share = z.number().min(0).max(1);
const settingsSchema = z.object({
  size: z.number().int().min(32).max(4096),
  threshold: share,
  overlap: share,
  sees: z
    .object({ smallest: z.number().min(1), largest: z.number().max(4096) })
    .refine(({ smallest, largest }) => smallest < largest)
    .optional(),
});

/** Defaults for a detector without its own settings: the settings of face-api.js. */
const usual = { size: 416, threshold: 0.5, overlap: 0.4, search: "thorough", rotate: "none" } as const;

/** The input side must be a multiple of this: the detector halves its image four or five times. */
const STEP = 32;

/** Returns the settings as metadata of the model. */
export function detectorMetadata(settings: DetectorSettings): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(settings) };
}

export interface DetectorModel {
  readonly program: Program;
  /** Form of the inputs and outputs: `yunet`, or boxes and scores for an image of this type. */
  readonly form: BundleInput | "yunet";
  /** Side of the only square that the network accepts. Left out, it accepts images of any size. */
  readonly side?: number;
  readonly settings: DetectorSettings;
  /** How thoroughly photos are searched; left out if the network sees whole photos. */
  readonly search?: SearchOptions["search"];
  /** Finds the landmarks of detected faces (`eyes-graph.ts`). Without it, the pose of faces is unknown. */
  readonly eyes?: Program;
}

/**
 * Reads a detector; `name` is the file name used in error messages. The model has one input: uint8 [1, H, W, 3], RGB,
 * or float32 [1, 3, H, W], RGB from 0 to 1. Its outputs are `boxes` [M, 4], the left, upper, right and lower border in
 * pixels of the input, and `scores` [M]; extra axes of extent 1 are accepted. If H and W are fixed they must be equal.
 * YuNet is recognised by the names of its outputs.
 *
 * @throws FormatError for a file that is not a detector; UsageError for settings that are out of range or do not fit
 * it.
 */
export function decodeDetector(
  bytes: Uint8Array,
  name: string,
  chosen: Partial<DetectorSettings> = {},
): DetectorModel {
  checkDetectorSettings(chosen);
  const { program, inputs, outputs, metadata } = decodeProgram(bytes, name);
  const [picture] = inputs;
  const dtype = picture?.dtype;
  const named = (wanted: string): boolean => outputs.some((output) => output.name === wanted);
  const yunet = isYunet(outputs) && dtype === "float32";
  if (
    inputs.length !== 1 ||
    (dtype !== "uint8" && dtype !== "float32") ||
    !(yunet || (named("boxes") && named("scores")))
  ) {
    const shown = (types: readonly { name: string; dtype: string }[]): string =>
      types.map((type) => `${type.name} (${type.dtype})`).join(", ");
    throw new FormatError(
      `${name} is not a face detector: it takes ${shown(inputs)} and returns ${shown(outputs)}; it must take one image (uint8 or float32) and return boxes and scores, or the outputs of YuNet (docs/how-to/predict.md)`,
    );
  }
  const [height, width] = (dtype === "uint8" ? picture?.shape.slice(1, 3) : picture?.shape.slice(2)) ?? [];
  const side = typeof height === "number" ? height : undefined;
  if (side !== undefined && side !== width)
    throw new FormatError(
      `${name} takes images of ${width} × ${height} pixels; a face detector must take squares`,
    );
  const own = { ...usual, ...(yunet && yunetSettings), ...ownSettings(metadata[KEY], name) };
  const settings = { ...own, ...(side !== undefined && { size: side }), ...defined(chosen) };
  const { sees, search } = settings;
  if (side !== undefined && !sees && settings.size !== side)
    throw new UsageError(`${name} takes images of ${side} px, not ${settings.size} px`);
  if (settings.size !== side && settings.size % STEP !== 0)
    throw new UsageError(`${option("detector.size", settings.size)}: must be a multiple of ${STEP}`);
  return {
    program,
    form: yunet ? "yunet" : dtype,
    ...(side !== undefined && { side }),
    settings,
    ...(sees && { search: chosen.size ?? search }),
  };
}

/** Converts an image to the input of the detector's network. */
export function detectorInput({ form }: Pick<DetectorModel, "form">, image: Picture): Tensor {
  return form === "yunet" ? yunetInput(image) : bundleInput([image], form);
}

/** Opens a detector on an engine. */
export async function openDetector(engine: Engine, model: DetectorModel): Promise<FaceDetector> {
  const { side, form, settings, search } = model;
  const { find, finish, release } = await openNetworks(engine, model);
  const { sees, threshold } = settings;
  const searched = (pyramid: ImagePyramid, onLook?: () => void): Promise<DetectedFace[]> => {
    const look: typeof find = (image, least) => {
      onLook?.();
      return find(image, least);
    };
    const network: FaceNetwork | undefined = sees && {
      ...{ step: side ?? STEP, sees, find: look },
      ...(side !== undefined && { side }),
      ...(form === "yunet" && { hint: YUNET_HINT }),
    };
    return network && search !== undefined
      ? searchPyramid(pyramid, network, { ...settings, search })
      : searchLetterboxed(pyramid.photo, (square) => look(square, threshold), settings);
  };
  /** Returns the faces of a photo in its own orientation. */
  const upright = async (photo: Picture, onLook?: () => void): Promise<DetectedFace[]> => {
    const pyramid = imagePyramid(photo);
    return finish(await searched(pyramid, onLook), pyramid);
  };
  return {
    async detect(photo, onLook) {
      const asItLies = await upright(photo, onLook);
      if (settings.rotate !== "auto" || isSure(asItLies)) return asItLies;
      let best = { faces: asItLies, sureness: CLEARLY * surenessOf(asItLies) };
      for (const quarters of [1, 3, 2] as const) {
        const found = await upright(turnedByQuarters(photo, quarters), onLook);
        const sureness = surenessOf(found);
        if (sureness > best.sureness)
          best = { faces: found.map((face) => turnedBack(face, quarters, photo)), sureness };
      }
      return best.faces;
    },
    release,
  };
}

/**
 * Opens a detector for consecutive frames of one camera or video: most of a frame is searched only every few frames
 * (`live-search.ts`). A network that accepts only one image size, or that sees whole photos, searches every frame.
 */
export async function openLiveDetector(engine: Engine, model: DetectorModel): Promise<FaceDetector> {
  const { side, settings } = model;
  const { sees } = settings;
  if (!sees || side !== undefined) return openDetector(engine, { ...model, ...(sees && { search: "fast" }) });
  const { find, finish, release } = await openNetworks(engine, model, true);
  return { detect: liveSearch({ step: STEP, sees, find }, { ...settings, finish }), release };
}

interface OpenNetworks {
  /** Returns faces of an image that score more than `least`, in its pixels. */
  find(image: Picture, least: number): Promise<readonly DetectedFace[]>;
  /** Clips the boxes to the photo, and estimates the pose of each face. */
  finish(found: readonly DetectedFace[], pyramid: ImagePyramid): Promise<DetectedFace[]>;
  release(): Promise<void>;
}

async function openNetworks(engine: Engine, model: DetectorModel, quick = false): Promise<OpenNetworks> {
  const { program, form, eyes } = model;
  const open = await engine.open(program);
  const openEyes = eyes && (await engine.open(eyes));
  const feed = program.tensors.find(({ role }) => role === "feed")?.name as string;
  return {
    async find(image, least) {
      const results = await open.run({ [feed]: detectorInput(model, image) });
      const found = form === "yunet" ? yunetFaces(results, image, least) : boxesOf(results, least);
      return surest(found.filter(isBox));
    },
    async finish(found, pyramid) {
      const faces = surest(found).flatMap(({ box, score, tilt }) => {
        const visible = clipped(box, pyramid.photo);
        return visible ? [{ box: visible, score, ...(tilt !== undefined && { tilt }) }] : [];
      });
      if (!openEyes) return faces;
      const boxes = faces.map(({ box }) => box);
      const poses = await posesOf(openEyes, pyramid, boxes, quick);
      return faces.map((face, i) => ({ ...face, ...poses[i] }));
    },
    async release() {
      await openEyes?.release();
      await open.release();
    },
  };
}

/** A rotation is chosen only if its faces score higher by this factor. */
const CLEARLY = 1.25;
/** Faces that lie on their side or upside down never reach this score. */
const SURE = 0.98;

function isSure(faces: readonly DetectedFace[]): boolean {
  return faces.some(({ score, square }) => score >= SURE && square !== undefined);
}

/**
 * Returns a confidence for one rotation of a photo. Faces on their side are detected too, but their landmarks are
 * rarely plausible.
 */
function surenessOf(faces: readonly DetectedFace[]): number {
  return faces.reduce((sum, { score, square }) => sum + (square ? score : score / 10), 0);
}

/** Maximum number of faces to merge and search around: a threshold of 0 gives thousands of false detections. */
const MOST_FACES = 1000;

function surest(faces: readonly DetectedFace[]): readonly DetectedFace[] {
  if (faces.length <= MOST_FACES) return faces;
  return [...faces].sort((a, b) => b.score - a.score).slice(0, MOST_FACES);
}

/** A network may output any number. */
function isBox({ box: { x, y, width, height }, score }: DetectedFace): boolean {
  return (
    [x, y].every(Number.isFinite) && width > 0 && height > 0 && width + height < 1e9 && Number.isFinite(score)
  );
}

/** Returns boxes that score more than `threshold`, in pixels of the detector's input. */
function boxesOf(results: Awaited<ReturnType<OpenProgram["run"]>>, threshold: number): DetectedFace[] {
  const corners = (results.boxes as Tensor).data as Float32Array;
  const scores = (results.scores as Tensor).data as Float32Array;
  if (corners.length !== 4 * scores.length)
    throw new FormatError(
      `the face detector returned ${scores.length} scores and ${corners.length} box coordinates`,
    );
  const found: DetectedFace[] = [];
  for (const [i, score] of scores.entries()) {
    if (!(score > threshold)) continue;
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
  } catch {
    throw new FormatError(`${name}: its detector settings (${KEY} in the metadata) are invalid`);
  }
}

/** Drops entries that are undefined, which would hide a default. */
function defined(settings: Partial<DetectorSettings>): Partial<DetectorSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
