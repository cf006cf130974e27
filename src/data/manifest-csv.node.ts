/** Reads a manifest: a CSV file with the path of each image and its label, or one column of votes per class. */

import { existsSync } from "node:fs";
import { dirname, resolve, sep } from "node:path";
import { readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { FormatError } from "../util/errors.ts";
import { plural, type RawSample, type RawSource } from "./assemble.ts";
import { fer2013Classes } from "./fer2013-csv.node.ts";
import { splitNamed } from "./names.ts";

/** What tables call the path of an image, and its label where no column is called label; the first that is there counts. */
export const pathColumns = [
  "path",
  "file",
  "filename",
  "filepath",
  "file_path",
  "image",
  "image_path",
  "img",
];
const labelColumns = ["label", "emotion", "expression", "class"];
const named = ["path", "label", "identity", "split"];
const known = [...new Set([...named, ...pathColumns, ...labelColumns])];
/** With votes, what tells a column of subgroups from a class: `subgroup:age`. */
const subgroupColumn = /^subgroup(?::\s*(?<name>.+))?$/i;
/** With votes, what tells a column of votes for what is no class from a class: `not-a-class:unknown`. */
const otherColumn = /^not-a-class:\s*(?<name>.+)$/i;

/**
 * Columns: `path` (from the manifest's own folder), then `label`, or one column of votes for every class, or these by other names
 * (`pathColumns`, `labelColumns`; an `emotion` from 0 to 6 in every row is FER2013's number); optional
 * `identity` and `split` (train when empty). With labels every other column holds subgroups; with votes it is a class,
 * but for `subgroup` and those that begin with `subgroup:` or `not-a-class:`, which are not part of their names. Only the names
 * of classes keep their case.
 *
 * @throws FormatError naming the file and the row.
 */
export async function readManifestCsv(path: string): Promise<RawSource> {
  const header = await readCsvHeader(path, known);
  const pathColumn = pathColumns.find((column) => header.includes(column));
  // A table of votes has a column for each class, and none for the label alone.
  const labelColumn = labelColumns.find((column) => header.includes(column));
  const used = [...named, pathColumn, labelColumn];
  const others = header.filter((column) => !used.includes(column));
  const labelled = labelColumn !== undefined;
  const grouping = others.filter((column) => labelled || subgroupColumn.test(column));
  // In one order, since fractions of votes add up to other last digits in another.
  const columns = others.filter((column) => !grouping.includes(column)).sort();
  const noClass = columns.flatMap((column) => {
    const name = otherColumn.exec(column)?.groups?.name;
    return name === undefined ? [] : [[column, name] as const];
  });
  const voted = columns.filter((column) => !otherColumn.test(column));
  if (pathColumn === undefined || (!labelled && voted.length === 0)) throw missingColumns(path, header);
  const names = new Map(
    grouping.map((column) => [column, (subgroupColumn.exec(column)?.groups?.name ?? column).toLowerCase()]),
  );
  const columnsOf = (what: string, own: readonly string[]): string[] =>
    own.length > 0 ? [`${path}: ${plural(own.length, "column")} of ${what}: ${own.join(", ")}`] : [];
  const notes = [
    ...columnsOf("subgroups", [...names.values()]),
    ...columnsOf(
      "votes for what is no class",
      noClass.map(([, name]) => name),
    ),
  ];

  const samples: RawSample[] = [];
  const rowOf = new Map<string, number>();
  for await (const { number, cells } of readCsvRows(path, known)) {
    const wrong = (problem: string): FormatError => new FormatError(`${path}, row ${number}: ${problem}`);
    const { split: splitName = "", identity } = cells;
    const id = slashed(dirname(path), cells[pathColumn] ?? "");
    const label = labelled ? (cells[labelColumn] ?? "") : "";
    const file = resolve(dirname(path), id);
    const earlier = rowOf.get(file);
    if (id === "") throw wrong(`${pathColumn} is empty`);
    if (earlier !== undefined) throw wrong(`"${id}" is already in row ${earlier}; list each image once`);
    rowOf.set(file, number);
    const split = splitName === "" ? "train" : splitNamed(splitName);
    if (split === undefined) throw wrong(`split is "${splitName}", expected train, validation or test`);
    if (labelled && label === "") throw wrong(`${labelColumn} is empty`);
    const votes = labelled ? undefined : parseVotes(cells, columns, wrong);
    const otherVotes = noClass.flatMap(([column, name]) => {
      const count = votes?.get(column) ?? 0;
      votes?.delete(column);
      return count > 0 ? [[name, count] as const] : [];
    });
    const subgroups = [...names].flatMap(([column, name]) => (cells[column] ? [[name, cells[column]]] : []));
    samples.push({
      id: id.split(sep).join("/"),
      source: { kind: "file", path: file },
      ...(votes ? { votes } : { className: label }),
      ...(otherVotes.length > 0 && { otherVotes: Object.fromEntries(otherVotes) }),
      split,
      ...(identity && { identity }),
      ...(subgroups.length > 0 && { subgroups: Object.fromEntries(subgroups) as Record<string, string> }),
    });
  }
  if (samples.length === 0) throw new FormatError(`${path} has a header and no rows`);
  if (labelColumn === "emotion" && samples.every(({ className = "" }) => /^[0-6]$/.test(className))) {
    notes.push(`${path}: emotions 0 to 6 read as FER2013's: ${fer2013Classes.join(", ")}`);
    for (const [i, sample] of samples.entries())
      samples[i] = {
        ...sample,
        votes: undefined,
        className: fer2013Classes[Number(sample.className)] as string,
      };
  }
  const classNames = labelled ? [...new Set(samples.flatMap(({ className = [] }) => className))] : voted;
  return { path, classNames, samples, notes };
}

/** The error for a CSV file that is neither a manifest nor fer2013.csv. */
export function missingColumns(path: string, header: readonly string[]): FormatError {
  return new FormatError(
    `${path} has the columns ${header.join(", ")}. Expected path and label (or path and one column of votes per ` +
      "class), or fer2013.csv's emotion, pixels and Usage.",
  );
}

/** A path as it is, or, where no file is called that, with the slashes that Windows writes turned. */
function slashed(folder: string, path: string): string {
  return path.includes("\\") && !existsSync(resolve(folder, path)) ? path.replaceAll("\\", "/") : path;
}

function parseVotes(
  cells: Readonly<Record<string, string>>,
  columns: readonly string[],
  wrong: (problem: string) => FormatError,
): Map<string, number> {
  const votes = new Map<string, number>();
  for (const name of columns) {
    const text = cells[name] ?? "";
    const count = Number(text);
    if (!Number.isFinite(count) || count < 0)
      throw wrong(`${name} is "${text}", expected a number of votes, 0 or more`);
    votes.set(name, count);
  }
  if ([...votes.values()].every((count) => count === 0)) throw wrong("no class has a vote");
  return votes;
}
