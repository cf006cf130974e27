/** Cuts the faces out of photos, framed as `predict` frames them: a folder of crops to train on. */

import { createHash } from "node:crypto";
import { basename, dirname, extname, join, posix, resolve } from "node:path";
import { isTable } from "../data/data-files.node.ts";
import type { Picture } from "../data/dataset.ts";
import type { WhyUnreadable } from "../data/unreadable.ts";
import { csvRow } from "../formats/csv.ts";
import type { DetectorChoice } from "../predict/detector-choice.node.ts";
import type { FaceDetector } from "../predict/face-detector.ts";
import { faceCrop, ownSide } from "../predict/framing.ts";
import { fileSource, readPhotos } from "../predict/inputs.node.ts";
import { openDetector } from "../predict/onnx-detector.ts";
import { framedFaces, type ReadPhoto } from "../predict/predictor.ts";
import { readDetector } from "../predict/shipped-detector.node.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { VultusError } from "../util/errors.ts";
import { makeFolder, writeFileAtomic } from "../util/files.node.ts";
import { inOrder } from "../util/ordered.ts";
import { sharp } from "../util/sharp.node.ts";
import { checkOptions, kinds, oneOf } from "./check-options.ts";
import { type CropLog, type CropRecord, openCropLog, removeCrops } from "./crop-log.ts";
import { cropBaseOf, cropBases, cropFile } from "./crop-names.ts";
import { type CropSource, cropSources, type PhotoToCrop } from "./crop-sources.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";

/** Which faces of a photo to crop. */
export const faceRules = ["largest", "all", "only"] as const;
export type FaceRule = (typeof faceRules)[number];

/** Maximum side of crops without a given size: networks with 224 pixels train on 280. */
export const LARGEST_CROP = 320;

export interface CropOptions extends DeviceOptions {
  /** Folders of photos, with or without folders of classes and splits, or CSV files whose column `path` lists photos. */
  readonly data: string | readonly string[];
  /**
   * The folder for the crops. A folder from an earlier call with the same options is continued; any other must be new or
   * empty, and outside the photos' folder. Missing crops are made again, and crops of photos that no longer exist are removed.
   */
  readonly out: string;
  /** The largest face of a photo (the default), all of its faces, or its face only if it has a single one. */
  readonly faces?: FaceRule | undefined;
  /** Side of every crop in pixels. Default: the size of the face in its photo, at most 320. */
  readonly size?: number | undefined;
  /** How faces are found: `thorough` (the default), `fast`, `yunet`, the path of an ONNX detector, or options. */
  readonly detector?: DetectorChoice | undefined;
  /** Stops after the current photo; the same call continues later. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** Counts for the photos of one folder, such as a class. */
export interface CroppedFolder {
  /** Relative to the given folder; `.` for that folder itself. */
  readonly folder: string;
  readonly photos: number;
  readonly crops: number;
  readonly withoutFace: number;
  /** Photos with more than one face. */
  readonly withSeveral: number;
  readonly unreadable: number;
}

/** What `data crop --json` prints, for all photos, including those that an earlier call cropped. */
export interface CropResult extends Omit<CroppedFolder, "folder"> {
  readonly out: string;
  /** Data to train on: the folders of crops, or manifests of them. */
  readonly data: readonly string[];
  /** The CSV file with the result for each photo. */
  readonly report: string;
  readonly folders: readonly CroppedFolder[];
  /** Photos that an earlier call had cropped. */
  readonly before: number;
}

/**
 * Cuts faces out of photos as square PNG files, under the photos' own paths, so that classes and splits are preserved. Each crop
 * has the pixels that `predict` passes to a model, rotated upright if the face is tilted. If `size` is the model's input size, the
 * pixels are bit-identical. A crop is written completely or not at all.
 *
 * @throws UsageError for photos or a folder that cannot be used; VultusError if it is stopped, or nothing can be written.
 */
export function crop(options: CropOptions): Promise<CropResult> {
  const { text, textOrTexts, count, call, signal, unchecked } = kinds;
  checkOptions(options, {
    ...{ data: textOrTexts, out: text, faces: oneOf(...faceRules), size: count, detector: unchecked },
    ...{ device: text, threads: count, signal, onEvent: call },
  });
  return telling(options.onEvent, (teller) => cropped(options, teller));
}

async function cropped(options: CropOptions, teller: Teller): Promise<CropResult> {
  const { data, out, faces = "largest", size, detector: finder, signal } = options;
  const sources = await cropSources(typeof data === "string" ? [data] : data, out);
  for (const note of sources.flatMap(({ manifest }) => manifest?.notes ?? [])) teller.note(note);
  const { device, threads } = chooseDevice(options, teller.note);
  const model = await readDetector(finder, { signal, onNote: teller.note });
  const detector = createHash("sha256")
    .update(model.program.model)
    .update(model.eyes?.model ?? "")
    .update(JSON.stringify(model.settings))
    .digest("hex");
  const photos = sources.flatMap((source) => source.photos);
  makeFolder(out);
  const log = await openCropLog(
    out,
    { sources: sources.map(({ path }) => resolve(path)), faces, side: size ?? null, detector },
    new Set(photos.map(({ name }) => name)),
  );
  const engine = startEngine({ device, threads, spinning: false });
  try {
    tellOfChanges(log, teller);
    const records = new Map(log.done);
    const before = records.size;
    const left = photos.filter(({ name }) => !records.has(name));
    const bases = basesOf(left, log);
    const found = cropPhotos(left, await openDetector(engine, model), { faces, size });
    for await (const { photo, ...one } of found) {
      if (signal?.aborted)
        throw new VultusError(
          `stopped after ${records.size} of ${photos.length} photos; run the same command to continue`,
        );
      const files = one.crops.map((_, i) => cropFile(bases.get(photo.name) as string, i));
      for (const [i, picture] of one.crops.entries()) await writeCrop(join(out, files[i] as string), picture);
      const former = log.missing.get(photo.name);
      if (former) removeCrops(out, former, files);
      const { status, faces: count, why } = one;
      const record = {
        photo: photo.name,
        status,
        faces: count,
        files,
        ...(why && { reason: why.reason }),
      };
      log.add(record);
      records.set(photo.name, record);
      if (why) teller.unreadable([{ id: photo.name, ...why }]);
      teller.progress("cropping", records.size, photos.length);
    }
    const written = sources.map((source) =>
      source.manifest ? writeManifest(source, records, out) : join(out, source.under),
    );
    teller.wrote(...written.filter(isTable), log.path);
    return { out, data: written, report: log.path, ...summaryOf([...records.values()]), before };
  } finally {
    log.close();
    await engine.close();
  }
}

function tellOfChanges({ removed, missing }: CropLog, teller: Teller): void {
  const few = (names: readonly string[]): string =>
    `${names.slice(0, 3).join(", ")}${names.length > 3 ? ` and ${names.length - 3} more` : ""}`;
  if (removed.length > 0) teller.note(`removed crops whose photos no longer exist: ${few(removed)}`);
  if (missing.size > 0)
    teller.note(`cropping photos again whose crops are missing: ${few([...missing.keys()])}`);
}

/** Returns the path of each photo's crops, without extension: the earlier one, or one that is free. */
function basesOf(photos: readonly PhotoToCrop[], { done, missing }: CropLog): Map<string, string> {
  const former = [...done.values(), ...missing.values()].flatMap(({ photo, files }) => {
    const base = cropBaseOf(photo, files);
    return base === undefined ? [] : [[photo, base] as const];
  });
  const known = new Map(former);
  const fresh = photos.map(({ name }) => name).filter((name) => !known.has(name));
  return new Map([...former, ...cropBases(fresh, known.values())]);
}

interface Cropped extends Pick<CropRecord, "status" | "faces"> {
  readonly why?: WhyUnreadable;
  readonly photo: PhotoToCrop;
  readonly crops: readonly Picture[];
}

/** Yields the crops of the photos in order. Processes two photos at a time, so that the engine is busy while the next is prepared. */
async function* cropPhotos(
  photos: readonly PhotoToCrop[],
  detector: FaceDetector,
  options: Required<Pick<CropOptions, "faces">> & Pick<CropOptions, "size">,
): AsyncGenerator<Cropped> {
  const read = readPhotos(photos.map(({ path }) => fileSource(path)));
  let next = 0;
  for await (const one of inOrder(read, 2, (photo) => cropPhoto(photo, detector, options)))
    yield { ...one, photo: photos[next++] as PhotoToCrop };
}

async function cropPhoto(
  photo: ReadPhoto,
  detector: FaceDetector,
  { faces: rule, size }: Required<Pick<CropOptions, "faces">> & Pick<CropOptions, "size">,
): Promise<Omit<Cropped, "photo">> {
  if ("reason" in photo) return { status: "unreadable", faces: 0, crops: [], why: photo };
  const found = await framedFaces(photo, detector, (picture, face) =>
    faceCrop(picture, face, { inputSize: size ?? Math.min(LARGEST_CROP, ownSide(face)), resize: 1 }),
  );
  const faces = found.length;
  if (faces === 0) return { status: "no_face", faces, crops: [] };
  if (rule === "only" && faces > 1) return { status: "several_faces", faces, crops: [] };
  const kept = rule === "all" ? found : found.slice(0, 1);
  return { status: "cropped", faces, crops: kept.map(({ crop }) => crop) };
}

async function writeCrop(path: string, { pixels, width, height, channels }: Picture): Promise<void> {
  makeFolder(dirname(path));
  writeFileAtomic(path, await sharp(pixels, { raw: { width, height, channels } }).png().toBuffer());
}

/** Writes a manifest of the crops with the rows of the original, one row per crop; returns its path. */
function writeManifest(source: CropSource, records: ReadonlyMap<string, CropRecord>, out: string): string {
  const { manifest, photos, path } = source;
  const { columns = [], rows = [], pathColumn } = manifest ?? {};
  const names = new Map(photos.map((one) => [one.path, one.name]));
  const lines = rows.flatMap(({ cells, photo }) => {
    const files = records.get(names.get(photo) as string)?.files ?? [];
    return files.map((file) =>
      csvRow(columns.map((column) => (column === pathColumn ? file : (cells[column] ?? "")))),
    );
  });
  // Next to the crops, since a manifest lists paths relative to its own folder.
  const file = join(
    out,
    `${source.under || basename(path, extname(path))}${source.under ? ".csv" : extname(path)}`,
  );
  writeFileAtomic(file, [csvRow(columns), ...lines, ""].join("\n"));
  return file;
}

function summaryOf(records: readonly CropRecord[]): Omit<CropResult, "out" | "data" | "report" | "before"> {
  const byFolder = new Map<string, CropRecord[]>();
  for (const record of records) {
    const folder = posix.dirname(record.photo);
    const own = byFolder.get(folder) ?? [];
    own.push(record);
    byFolder.set(folder, own);
  }
  const folders = [...byFolder].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    ...countsOf(records),
    folders: folders.map(([folder, own]) => ({ folder, ...countsOf(own) })),
  };
}

function countsOf(records: readonly CropRecord[]): Omit<CroppedFolder, "folder"> {
  const count = (is: (record: CropRecord) => boolean): number => records.filter(is).length;
  return {
    photos: records.length,
    crops: records.reduce((sum, { files }) => sum + files.length, 0),
    withoutFace: count(({ status }) => status === "no_face"),
    withSeveral: count(({ faces }) => faces > 1),
    unreadable: count(({ status }) => status === "unreadable"),
  };
}
