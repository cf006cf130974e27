/** Decides which files are data: tables. All other files are refused, with advice on what to do instead. */

import { statSync } from "node:fs";
import { extname } from "node:path";
import { UsageError } from "../util/errors.ts";
import { shellWord } from "../util/shell.ts";
import { isImageName } from "./beside-images.ts";

const tables = new Set([".csv", ".tsv", ".txt"]);
const archives = new Set([".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"]);
/** Commands that unpack a single file. */
const unpackers: Readonly<Record<string, string>> = { ".gz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz" };
const spreadsheets = new Set([".xlsx", ".xls", ".xlsm", ".ods", ".numbers"]);
/** The pandas readers for formats that it can convert to CSV. */
const readers: Readonly<Record<string, string>> = {
  ".json": "read_json({})",
  ".jsonl": "read_json({}, lines=True)",
  ".ndjson": "read_json({}, lines=True)",
  ".parquet": "read_parquet({})",
  ".arrow": "read_feather({})",
  ".feather": "read_feather({})",
};

/** Whether a file of this name is read as a table. */
export function isTable(path: string): boolean {
  return tables.has(extname(path).toLowerCase());
}

/** Returns the path of a table without its table extension; other paths are unchanged. */
export function withoutTableEnding(path: string): string {
  return isTable(path) ? path.slice(0, -extname(path).length) : path;
}

/** @throws UsageError for a file that is not a table, with the way to convert it. */
export function refuseOtherFiles(path: string): void {
  if (isTable(path) || !isFile(path)) return;
  const form = extname(path).toLowerCase();
  const csv = `${path.slice(0, path.length - form.length)}.csv`;
  if (archives.has(form))
    throw new UsageError(
      `${path} is an archive: unpack it and name its contents, for example with \`${unpacked(path, form)}\``,
    );
  if (spreadsheets.has(form))
    throw new UsageError(`${path} is a spreadsheet: save its sheet as "CSV UTF-8", and name that file`);
  const reader = readers[form];
  if (reader !== undefined) {
    const program = `import pandas; pandas.${reader.replace("{}", JSON.stringify(path))}.to_csv(${JSON.stringify(csv)}, index=False)`;
    throw new UsageError(
      `${path} is not a CSV file. Convert it, for example with \`python3 -c ${shellWord(program, process.platform)}\`, and name ${csv}; images inside it must be saved as files`,
    );
  }
  if (isImageName(path))
    throw new UsageError(
      `${path} is a single image. Name a folder with one folder of images per class, or a CSV file that lists images`,
    );
  throw new UsageError(
    `${path} is not a kind of file that vultus reads as data. Name a folder with one folder of images per class, or a CSV file that lists images`,
  );
}

/** Returns whether the path is certainly a file. */
function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Returns a command that unpacks an archive into the folder that contains it. */
function unpacked(path: string, form: string): string {
  const folder = path.replace(/(\.tar)?\.\w+$/i, "");
  const single = /\.tar\.\w+$/i.test(path) ? undefined : unpackers[form];
  if (single !== undefined) return `${single} -k "${path}"`;
  if (form === ".zip") return `unzip -q "${path}" -d "${folder}"`;
  return form === ".7z" || form === ".rar"
    ? `7z x "${path}" -o"${folder}"`
    : `mkdir "${folder}" && tar -xf "${path}" -C "${folder}"`;
}
