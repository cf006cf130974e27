/** What became of each photo that was cropped: a CSV file for people, by which a later call goes on. */

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

/** `several_faces` where only photos of one face are wanted. */
export const cropStatuses = ["cropped", "no_face", "several_faces", "unreadable"] as const;
export type CropStatus = (typeof cropStatuses)[number];

/** One photo. */
export interface CropRecord {
  /** Its path below the folder that was named; with several of them their names stand before it. */
  readonly photo: string;
  readonly status: CropStatus;
  /** Faces that were found. */
  readonly faces: number;
  /** Its crops, the largest face first, as paths below the folder of crops. */
  readonly files: readonly string[];
  /** Why it could not be read. */
  readonly reason?: string;
}

/** On what the crops depend; a folder of crops has one of each. */
const settingsSchema = z.object({
  sources: z.array(z.string()),
  faces: z.string(),
  side: z.number().nullable(),
  /** SHA-256 of the detector's file, and how it was set. */
  detector: z.string(),
});
export type CropSettings = z.infer<typeof settingsSchema>;

export interface CropLog {
  /** The CSV file. */
  readonly path: string;
  /** Photos that need not be looked at again. */
  readonly done: ReadonlyMap<string, CropRecord>;
  /** What is known of photos whose crops are missing. */
  readonly missing: ReadonlyMap<string, CropRecord>;
  /** Crops that were removed, since their photos are gone. */
  readonly removed: readonly string[];
  add(record: CropRecord): void;
  /** Lets other calls write to the folder. */
  close(): void;
}

const columns = ["photo", "status", "faces", "files", "reason"] as const;
/** For people; where a name has such a sign, the cell is a JSON list. */
const BETWEEN_FILES = " | ";
const CROP_LOCK = "crop.lock";
const HALF_WRITTEN = /^\..+\.\d+\.tmp$/;

/**
 * Opens the log of a folder of crops, or begins one where the folder is new or empty. Photos that could not be read are not
 * done, since they may have been repaired, nor are those whose crops were deleted. Crops of photos that are not among `photos` any
 * longer are removed.
 *
 * @throws UsageError for a folder that holds other files, or crops that were cut otherwise, or where another call writes to it.
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
        `${out} is not empty and holds no crops of this command; give a new folder as --out`,
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
  // Written anew without the photos that are done again.
  writeFileAtomic(path, [csvRow(columns), ...[...done.values()].map(rowOf), ""].join("\n"));
  return { path, done, missing, removed, add: (record) => appendLine(path, rowOf(record)) };
}

/** Removes the crops of a photo but for those to keep; returns what it removed. Only files named as crops of it are touched. */
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
    detector: "crops cut with another face detector, or other settings of it",
  };
  throw new UsageError(
    `${out} holds ${different.map((key) => what[key]).join("; ")}. Go on with the same, or give another --out`,
  );
}

/** What a kill left of a crop that was being written. */
function removeHalfWritten(out: string): void {
  for (const entry of readdirSync(out, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && HALF_WRITTEN.test(entry.name)) rmSync(join(entry.parentPath, entry.name));
}

async function recordsIn(path: string): Promise<CropRecord[]> {
  cutTornLine(path);
  const header = await readCsvHeader(path, columns).catch(() => []);
  if (header.join() !== columns.join())
    throw new FormatError(
      `${path} is not what this command wrote; remove its folder and crop again, or give another --out`,
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
    // Earlier versions wrote names with such a sign as they are.
    return cell.split(BETWEEN_FILES);
  }
}

function rowOf({ photo, status, faces, files, reason = "" }: CropRecord): string {
  const isPlain = files.every((file) => !file.includes("|")) && !files[0]?.startsWith("[");
  const cell = isPlain ? files.join(BETWEEN_FILES) : JSON.stringify(files);
  return csvRow([photo, status, String(faces), cell, reason.replace(/\s+/g, " ")]);
}
