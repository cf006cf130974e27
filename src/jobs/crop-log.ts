/** What became of each photo that was cropped: a CSV file for people, by which a later call goes on. */

import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { csvRow } from "../formats/csv.ts";
import { cutTornLine } from "../formats/json-lines.node.ts";
import { FormatError, UsageError } from "../util/errors.ts";
import { appendLine, readJson, writeFileAtomic } from "../util/files.node.ts";

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
  add(record: CropRecord): void;
}

const columns = ["photo", "status", "faces", "files", "reason"] as const;
/** No file system allows it in names that others allow too, so that nothing needs quotes. */
const BETWEEN_FILES = " | ";
const HALF_WRITTEN = /^\..+\.\d+\.tmp$/;

/**
 * Opens the log of a folder of crops, or begins one where the folder is new or empty. Photos that could not be read are not
 * done, since they may have been repaired.
 *
 * @throws UsageError for a folder that holds other files, or crops that were cut otherwise.
 */
export async function openCropLog(out: string, settings: CropSettings): Promise<CropLog> {
  const [path, settingsFile] = [join(out, "crop-report.csv"), join(out, "crop-settings.json")];
  const done = new Map<string, CropRecord>();
  if (existsSync(settingsFile)) {
    checkSettings(out, settingsSchema.safeParse(readJson(settingsFile)).data, settings);
    removeHalfWritten(out);
    if (existsSync(path)) for (const record of await recordsIn(path)) done.set(record.photo, record);
  } else {
    if (readdirSync(out).length > 0)
      throw new UsageError(
        `${out} is not empty and holds no crops of this command; give a new folder as --out`,
      );
    writeFileAtomic(settingsFile, `${JSON.stringify(settings, null, 2)}\n`);
  }
  for (const [photo, { status }] of done) if (status === "unreadable") done.delete(photo);
  // Written anew without the photos that are done again.
  writeFileAtomic(path, [csvRow(columns), ...[...done.values()].map(rowOf), ""].join("\n"));
  return { path, done, add: (record) => appendLine(path, rowOf(record)) };
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
      files: files === "" ? [] : files.split(BETWEEN_FILES),
      ...(reason && { reason }),
    });
  }
  return records;
}

function rowOf({ photo, status, faces, files, reason = "" }: CropRecord): string {
  return csvRow([photo, status, String(faces), files.join(BETWEEN_FILES), reason.replace(/\s+/g, " ")]);
}
