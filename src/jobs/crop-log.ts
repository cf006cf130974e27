/** The result for each cropped photo: a CSV file for people, which also lets a later call continue. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { csvRow } from "../formats/csv.ts";
import { cutTornLine } from "../formats/json-lines.node.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { appendLine, readJson, writeFileAtomic } from "../util/files.node.ts";
import { lockFolder } from "../util/folder-lock.node.ts";
import { cropBaseOf } from "./crop-names.ts";

/** `several_faces` occurs if only photos with a single face are wanted. */
export const cropStatuses = ["cropped", "no_face", "several_faces", "unreadable"] as const;
export type CropStatus = (typeof cropStatuses)[number];

/** The record of one photo. */
export interface CropRecord {
  /** Its path relative to the given folder; with several folders, the folder's name comes first. */
  readonly photo: string;
  readonly status: CropStatus;
  /** Number of faces found. */
  readonly faces: number;
  /** Its crops, the largest face first, as paths relative to the folder of crops. */
  readonly files: readonly string[];
  /** Why it could not be read. */
  readonly reason?: string;
}

/** The settings that crops depend on; all crops in a folder share them. */
const settingsSchema = z.object({
  sources: z.array(z.string()),
  faces: z.string(),
  side: z.number().nullable(),
  /** SHA-256 of the detector's file, and its settings. */
  detector: z.string(),
});
export type CropSettings = z.infer<typeof settingsSchema>;

export interface CropLog {
  /** The CSV file. */
  readonly path: string;
  /** Photos that need not be processed again. */
  readonly done: ReadonlyMap<string, CropRecord>;
  /** Records of photos whose crops are missing. */
  readonly missing: ReadonlyMap<string, CropRecord>;
  /** Crops that were removed because their photos no longer exist. */
  readonly removed: readonly string[];
  add(record: CropRecord): void;
  /** Lets other calls write to the folder. */
  close(): void;
}

const columns = ["photo", "status", "faces", "files", "reason"] as const;
/** Separator between file names, for people. If a name contains it, the cell is a JSON list instead. */
const BETWEEN_FILES = " | ";
const CROP_LOCK = "crop.lock";
const HALF_WRITTEN = /^\..+\.\d+\.tmp$/;

/**
 * Opens the log of a folder of crops, or starts one if the folder is new or empty. Unreadable photos do not count as done, since
 * they may have been repaired, and neither do photos whose crops were deleted. Crops of photos that are no longer among `photos`
 * are removed.
 *
 * @throws UsageError for a folder that has other files or crops cut with other settings, or that another call is writing to.
 */
export async function openCropLog(
  out: string,
  settings: CropSettings,
  photos: ReadonlySet<string>,
): Promise<CropLog> {
  const lock = lockFolder(out, { file: CROP_LOCK, work: "crop" });
  try {
    return { ...(await openLocked(out, settings, photos)), close: () => lock.release() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

async function openLocked(
  out: string,
  settings: CropSettings,
  photos: ReadonlySet<string>,
): Promise<Omit<CropLog, "close">> {
  const [path, settingsFile] = [join(out, "crop-report.csv"), join(out, "crop-settings.json")];
  const done = new Map<string, CropRecord>();
  if (existsSync(settingsFile)) {
    checkSettings(out, settingsSchema.safeParse(readJson(settingsFile)).data, settings);
    removeHalfWritten(out);
    if (existsSync(path)) for (const record of await recordsIn(path)) done.set(record.photo, record);
  } else {
    if (readdirSync(out).some((file) => file !== CROP_LOCK))
      throw new UsageError(
        `${out} is not empty and was not written by this command; give a new folder as --out`,
      );
    writeFileAtomic(settingsFile, `${JSON.stringify(settings, null, 2)}\n`);
  }
  const missing = new Map<string, CropRecord>();
  const removed: string[] = [];
  for (const [photo, record] of done) {
    const isMissing = record.files.some((file) => !existsSync(join(out, file)));
    if (photos.has(photo) && !isMissing && record.status !== "unreadable") continue;
    done.delete(photo);
    if (!photos.has(photo)) removed.push(...removeCrops(out, record));
    else if (isMissing) missing.set(photo, record);
  }
  // Rewritten without the photos that are done again.
  writeFileAtomic(path, [csvRow(columns), ...[...done.values()].map(rowOf), ""].join("\n"));
  return { path, done, missing, removed, add: (record) => appendLine(path, rowOf(record)) };
}

/** Removes the crops of a photo except those to keep; returns what it removed. Touches only files named as crops of the photo. */
export function removeCrops(
  out: string,
  { photo, files }: CropRecord,
  keep: readonly string[] = [],
): string[] {
  if (cropBaseOf(photo, files) === undefined) return [];
  const there = files.filter((file) => !keep.includes(file) && existsSync(join(out, file)));
  for (const file of there) rmSync(join(out, file));
  return there;
}

function checkSettings(out: string, then: CropSettings | undefined, now: CropSettings): void {
  if (!then)
    throw new FormatError(
      `${join(out, "crop-settings.json")} is damaged; remove ${out} and crop again, or give another --out`,
    );
  const different = (Object.keys(now) as (keyof CropSettings)[]).filter(
    (key) => JSON.stringify(then[key]) !== JSON.stringify(now[key]),
  );
  if (different.length === 0) return;
  const what = {
    sources: `crops of other photos: ${then.sources.join(", ")}`,
    faces: `crops cut with --faces ${then.faces}`,
    side: `crops cut ${then.side === null ? "without --size" : `with --size ${then.side}`}`,
    detector: "crops cut with another face detector, or with other settings of it",
  };
  throw new UsageError(
    `${out} has ${different.map((key) => what[key]).join("; ")}. Use the same again, or give another --out`,
  );
}

/** Removes half-written crops that an interrupted call left behind. */
function removeHalfWritten(out: string): void {
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && HALF_WRITTEN.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}

async function recordsIn(path: string): Promise<CropRecord[]> {
  cutTornLine(path);
  const header = await readCsvHeader(path, columns).catch(() => []);
  if (header.join() !== columns.join())
    throw new FormatError(
      `${path} was not written by this command; remove its folder and crop again, or give another --out`,
    );
  const records: CropRecord[] = [];
  for await (const { cells } of readCsvRows(path, columns)) {
    const { photo = "", status = "", faces = "", files = "", reason = "" } = cells;
    records.push({
      photo,
      status: status as CropStatus,
      faces: Number(faces),
      files: filesIn(files),
      ...(reason && { reason }),
    });
  }
  return records;
}

function filesIn(cell: string): readonly string[] {
  if (cell === "") return [];
  if (!cell.startsWith("[")) return cell.split(BETWEEN_FILES);
  try {
    return z.array(z.string()).parse(JSON.parse(cell));
  } catch {
    // Earlier versions wrote names with such a separator unquoted.
    return cell.split(BETWEEN_FILES);
  }
}

function rowOf({ photo, status, faces, files, reason = "" }: CropRecord): string {
  const isPlain = files.every((file) => !file.includes("|")) && !files[0]?.startsWith("[");
  const cell = isPlain ? files.join(BETWEEN_FILES) : JSON.stringify(files);
  return csvRow([photo, status, String(faces), cell, reason.replace(/\s+/g, " ")]);
}
