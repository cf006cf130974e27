/** Reads the sources named on the command line, folders and CSV files, as one data set. */

import { basename, resolve, sep } from "node:path";
import { readCsvHeader } from "../formats/csv.node.ts";
import { UsageError } from "../util/errors.ts";
import { assemble, type RawSource } from "./assemble.ts";
import { sourceNames } from "./canonical.ts";
import { type ClassOptions, checkNaming, namesIn } from "./class-names.ts";
import { readCorrected } from "./corrections.node.ts";
import { isTable, refuseOtherFiles } from "./data-files.node.ts";
import type { Dataset } from "./dataset.ts";
import { excludeListed } from "./exclude.node.ts";
import { fer2013Columns, readFer2013Csv } from "./fer2013-csv.node.ts";
import { readFolder } from "./folder.node.ts";
import { knownColumns, missingColumns, pathColumnOf } from "./manifest-columns.ts";
import { readManifestCsv } from "./manifest-csv.node.ts";

export interface ReadOptions extends ClassOptions {
  /** A file that lists the ids of samples to leave out. */
  readonly exclude?: string | undefined;
  /** A file of corrected labels, as `vultus review` writes it. */
  readonly corrections?: string | undefined;
}

/**
 * Reads the samples of every source as one data set, independent of the order of sources. With several sources, an id begins with
 * the name of its source.
 *
 * @throws UsageError for a source that is missing or given twice, or a class that is missing or unclear; FormatError for an
 *   invalid file.
 */
export async function readDataset(
  paths: readonly string[],
  { exclude, corrections, ...options }: ReadOptions = {},
): Promise<Dataset> {
  if (paths.length === 0)
    throw new UsageError("No data given. Name a folder with one folder of images per class.");
  const { classes = [], rename = {}, notAClass = [], remembered = {} } = options;
  checkNaming(options);
  const known = [...classes, ...namesIn(rename), ...Object.keys(remembered.rename ?? {}), ...notAClass];
  const sources: RawSource[] = [];
  for (const path of paths) {
    refuseOtherFiles(path);
    sources.push(isTable(path) ? await readCsv(path) : readFolder(path, known));
  }
  const corrected = await readCorrected(corrections);
  const dataset = assemble(sources.length === 1 ? sources : withNames(sources), { ...options, corrected });
  return exclude === undefined ? dataset : excludeListed(dataset, exclude);
}

async function readCsv(path: string): Promise<RawSource> {
  const header = await readCsvHeader(path, [...knownColumns, ...fer2013Columns]);
  if (fer2013Columns.every((column) => header.includes(column))) return readFer2013Csv(path);
  if (pathColumnOf(header) === undefined) throw missingColumns(path, header);
  return readManifestCsv(path);
}

function withNames(sources: readonly RawSource[]): RawSource[] {
  const names = sourceNames(sources.map(({ path }) => resolve(path).split(sep).join("/")));
  const taken = new Set<string>();
  return sources.map((source, i) => {
    const base = basename(source.path);
    let formerName = base;
    for (let count = 2; taken.has(formerName); count++) formerName = `${base} ${count}`;
    taken.add(formerName);
    return { ...source, name: names[i] as string, formerName };
  });
}
