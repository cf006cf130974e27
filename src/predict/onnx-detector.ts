/**
 * A face detector that is an ONNX model: one image in, boxes and scores out. The model that ships is one; so is any
 * other with the same inputs and outputs, and YuNet (`yunet.ts`).
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

/** How a photo is searched. */
export interface DetectorSettings {
  /**
   * Of a network that sees whole photos: side of the square that goes in. Of one that `sees` faces of some sizes, which is
   * searched from coarse to fine: the longer side of the photo in its closest look at most, in place of what `search` asks for.
   */
  readonly size: number;
  /** Boxes that score less are dropped. */
  readonly threshold: number;
  /** Of two boxes that overlap by more (intersection over union), the better stays. */
  readonly overlap: number;
  /** How far small faces are looked for (`pyramid-search.ts`); only where the network `sees` faces of some sizes. Default: `thorough`. */
  readonly search?: "thorough" | "fast";
  /**
   * `auto`: where no face is sure, the photo is also searched turned by a quarter, a half and three quarters, which takes four
   * times as long; a turn is taken whose faces are clearly surer. Default: `none`.
   */
  readonly rotate?: "auto" | "none";
  /** Sides in pixels of the smallest and the largest face that the network sees well; left out, it sees whole photos. */
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

/** What a detector without settings of its own gets: those of face-api.js. */
const usual = { size: 416, threshold: 0.5, overlap: 0.4, search: "thorough", rotate: "none" } as const;

/** Sides that the detector can take are multiples of this: it halves its image four or five times. */
const STEP = 32;

/** Settings as they are written in the model's metadata. */
export function detectorMetadata(settings: DetectorSettings): Readonly<Record<string, string>> {
  return { [KEY]: JSON.stringify(settings) };
}

export interface DetectorModel {
  readonly program: Program;
  /** What the network takes and answers: `yunet`, or boxes and scores of an image in this form. */
  readonly form: BundleInput | "yunet";
  /** Side of the only square that the network takes; left out, it takes images of any size. */
  readonly side?: number;
  readonly settings: DetectorSettings;
  /** How far photos are searched; left out where the network sees whole photos. */
  readonly search?: SearchOptions["search"];
  /** Finds the landmarks of what was found (`eyes-graph.ts`); left out, nothing is known of how faces lie. */
  readonly eyes?: Program;
}

/**
 * Reads a detector; `name` is what errors call it. The model has one input: uint8 [1, H, W, 3], RGB, or float32
 * [1, 3, H, W], RGB from 0 to 1. Its outputs are `boxes` [M, 4], the left, upper, right and lower border in pixels of the
 * input, and `scores` [M]; more axes of extent 1 do no harm. Where H and W are fixed they must be equal. YuNet is recognised by
 * the names of its outputs.
 *
 * @throws FormatError for a file that is no detector; UsageError for settings that are out of their range or do not fit it.
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
      `${name} is no face detector: it takes ${shown(inputs)} and gives ${shown(outputs)}; it must take one image (uint8 or float32) and give boxes and scores, or what YuNet gives (docs/how-to/predict.md)`,
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
    throw new UsageError(`${name} takes images of ${side} px, not of ${settings.size} px`);
  if (settings.size !== side && settings.size % STEP !== 0)
    throw new UsageError(`${option("detector.size", settings.size)}: give a multiple of ${STEP}`);
  return {
    program,
    form: yunet ? "yunet" : dtype,
    ...(side !== undefined && { side }),
    settings,
    ...(sees && { search: chosen.size ?? search }),
  };
}

/** An image as the detector's network takes it. */
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
  /** The faces of a photo that is looked at as it lies. */
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
 * Opens a detector for the frames of one camera or video, taken one after the other: most of a frame is looked at only every few
 * frames (`live-search.ts`). A network that takes one size of image, or sees whole photos, looks at every frame.
 */
export async function openLiveDetector(engine: Engine, model: DetectorModel): Promise<FaceDetector> {
  const { side, settings } = model;
  const { sees } = settings;
  if (!sees || side !== undefined) return openDetector(engine, { ...model, ...(sees && { search: "fast" }) });
  const { find, finish, release } = await openNetworks(engine, model, true);
  return { detect: liveSearch({ step: STEP, sees, find }, { ...settings, finish }), release };
}

interface OpenNetworks {
  /** Faces of an image that score more than `least`, in its pixels. */
  find(image: Picture, least: number): Promise<readonly DetectedFace[]>;
  /** What of the boxes lies in the photo, and how each face lies. */
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

/** A photo is turned only where its faces are as many times as sure then. */
const CLEARLY = 1.25;
/** Faces that lie on their side or upside down are never found with such a score. */
const SURE = 0.98;

function isSure(faces: readonly DetectedFace[]): boolean {
  return faces.some(({ score, square }) => score >= SURE && square !== undefined);
}

/** How sure the faces of one turn of a photo are: on their side faces are found too, but their landmarks seldom fit. */
function surenessOf(faces: readonly DetectedFace[]): number {
  return faces.reduce((sum, { score, square }) => sum + (square ? score : score / 10), 0);
}

/** More faces than these are neither merged nor looked at: a threshold of 0 makes thousands of nothing. */
const MOST_FACES = 1000;

function surest(faces: readonly DetectedFace[]): readonly DetectedFace[] {
  if (faces.length <= MOST_FACES) return faces;
  return [...faces].sort((a, b) => b.score - a.score).slice(0, MOST_FACES);
}

/** What a network answers may be any number. */
function isBox({ box: { x, y, width, height }, score }: DetectedFace): boolean {
  return (
    [x, y].every(Number.isFinite) && width > 0 && height > 0 && width + height < 1e9 && Number.isFinite(score)
  );
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
    throw new FormatError(`${name}: its settings as a detector (${KEY} in its metadata) are damaged`);
  }
}

/** Without the entries that are undefined, which would hide a default. */
function defined(settings: Partial<DetectorSettings>): Partial<DetectorSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
