/** Reads a manifest: a CSV file with the path of each image and its label, or one column of votes per class. */

import { type CsvRow, readCsvHeader, readCsvRows } from "../formats/csv.node.ts";
import { FormatError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";
import { plural, type RawSample, type RawSource } from "./assemble.ts";
import { isNumber, type NamedNumbers, namedNumbers } from "./class-numbers.node.ts";
import { fer2013Classes } from "./fer2013-csv.node.ts";
import { type FoundImage, findImages } from "./find-images.node.ts";
import {
  isWithoutImage,
  knownColumns,
  type ManifestColumns,
  manifestColumns,
  missingColumns,
  pathColumnOf,
} from "./manifest-columns.ts";
import { splitNamed } from "./names.ts";
import { wrongSplit } from "./split-column.ts";
import { parseVotes } from "./vote-cells.ts";

/** The rows of a manifest, each with the image that it lists. */
export interface ListedImages {
  readonly header: readonly string[];
  readonly pathColumn: string;
  readonly rows: readonly (CsvRow & { readonly image: FoundImage })[];
  readonly notes: readonly string[];
}

/** Reads which images a manifest lists, labelled or not. @throws FormatError naming the file and the row. */
export async function readListedImages(path: string): Promise<ListedImages> {
  const header = await readCsvHeader(path, knownColumns);
  const pathColumn = pathColumnOf(header);
  if (pathColumn === undefined) throw missingColumns(path, header);
  const rows: CsvRow[] = [];
  let withoutImage = 0;
  for await (const row of readCsvRows(path, knownColumns)) {
    if (isWithoutImage(pathColumn, row.cells)) withoutImage++;
    else if (row.cells[pathColumn] === "")
      throw new FormatError(`${path}, row ${row.number}: ${pathColumn} is empty`);
    else rows.push(row);
  }
  const listed = rows.map(({ number, cells }) => ({ number, path: cells[pathColumn] as string }));
  const { images, notes } = findImages(path, listed);
  return {
    header,
    pathColumn,
    rows: rows.map((row, i) => ({ ...row, image: images[i] as FoundImage })),
    notes: [
      ...notes,
      ...(withoutImage > 0 ? [`${path}: ${plural(withoutImage, "row")} without an image skipped`] : []),
    ],
  };
}

/**
 * Reads the columns `path` (relative to the manifest's own folder), then `label` or one column of votes per class, or these under
 * other names (`manifest-columns.ts`; an `emotion` from 0 to 6 in every row is FER2013's number); and optionally `identity` and
 * `split` (train if empty), also under other names, or another column that names splits. With labels, every other column contains
 * subgroups. With votes, it is a class, except for `subgroup` and columns with the prefix `subgroup:` or `not-a-class:`, which is
 * not part of their name. Only the names of classes keep their case.
 *
 * @throws FormatError naming the file and the row.
 */
export async function readManifestCsv(path: string): Promise<RawSource> {
  const { header, rows: all, notes: found } = await readListedImages(path);
  const columns = manifestColumns(path, header, all);
  const { label, identity, split: splitColumn, subgroups, classes } = columns;
  const rows = withoutRepeats(path, all, columns);
  const repeated = all.length - rows.length;
  const notes = [
    ...columns.notes,
    ...found,
    ...(repeated > 0 ? [`${path}: repeated rows skipped: ${repeated}`] : []),
  ];
  const samples = rows.map(({ number, cells, image }): RawSample => {
    const splitName = cells[splitColumn ?? ""] ?? "";
    const split = splitName === "" ? "train" : splitNamed(splitName);
    if (split === undefined) throw wrongSplit(path, splitColumn as string, all);
    const own = [...subgroups].flatMap(([column, name]) =>
      cells[column] ? [[name, cells[column]] as const] : [],
    );
    return {
      id: image.id,
      source: { kind: "file", path: image.file },
      ...labelIn(cells, columns, (problem) => new FormatError(`${path}, row ${number}: ${problem}`)),
      split,
      ...(cells[identity ?? ""] && { identity: cells[identity as string] }),
      ...(own.length > 0 && { subgroups: Object.fromEntries(own) }),
    };
  });
  if (samples.length === 0) throw new FormatError(`${path} has a header but no rows`);
  if (label === undefined) return { path, classNames: classes, samples, notes };
  const classNames = [...new Set(samples.flatMap(({ className = [] }) => className))];
  if (!classNames.every(isNumber)) return { path, classNames, samples, notes };
  const numbers = classNames.toSorted((a, b) => Number(a) - Number(b));
  const labels = rows.map(({ cells }, i) => ({ cells, label: samples[i]?.className as string }));
  const named = namedNumbers(path, label, numbers, labels, columns.labels) ?? fer2013Numbers(label, numbers);
  if (named === undefined) {
    const way = option("rename", { [numbers[0] as string]: "NAME" });
    const note = `${path}: ${label} contains numbers, which become class names. To name the classes: ${way}, and so on`;
    return { path, classNames, samples, notes: [...notes, note] };
  }
  const nameOf = (number: string): string => named.names.get(number) as string;
  const names = numbers.map((number) => `${number} ${nameOf(number)}`).join(", ");
  return {
    path,
    classNames: classNames.map(nameOf),
    samples: samples.map((one) => ({ ...one, votes: undefined, className: nameOf(one.className as string) })),
    notes: [...notes, `${path}: the numbers in ${label} are named by ${named.from}: ${names}`],
  };
}

/**
 * Returns the rows except those that repeat an earlier one. @throws FormatError for another row about the same image.
 */
function withoutRepeats(
  path: string,
  rows: ListedImages["rows"],
  { label, identity, split, subgroups, classes, noClasses }: ManifestColumns,
): ListedImages["rows"] {
  const columns = [label, identity, split, ...subgroups.keys(), ...classes, ...noClasses.keys()];
  const contentOf = ({ cells }: CsvRow): string =>
    JSON.stringify(columns.map((column) => cells[column ?? ""]));
  const first = new Map<string, CsvRow>();
  return rows.filter((row) => {
    const { image, number } = row;
    const earlier = first.get(image.file);
    if (earlier === undefined) first.set(image.file, row);
    else if (contentOf(earlier) !== contentOf(row))
      throw new FormatError(
        `${path}, row ${number}: "${image.id}" is already in row ${earlier.number}, with different values; list each image once`,
      );
    return earlier === undefined;
  });
}

/** Returns FER2013's class names, for a column that has FER2013's column name and contains only its numbers. */
function fer2013Numbers(column: string, numbers: readonly string[]): NamedNumbers | undefined {
  const names = new Map(fer2013Classes.map((name, i) => [String(i), name]));
  return column === "emotion" && numbers.every((number) => names.has(number))
    ? { names, from: "FER2013" }
    : undefined;
}

/** Returns the label or the votes of a row. */
function labelIn(
  cells: CsvRow["cells"],
  { label, classes, noClasses }: ManifestColumns,
  wrong: (problem: string) => FormatError,
): { className: string } | (Pick<RawSample, "otherVotes"> & { votes: ReadonlyMap<string, number> }) {
  if (label !== undefined) {
    // Restores integers that pandas wrote as fractions because of an empty cell in the column: 3 for 3.0.
    const className = (cells[label] ?? "").replace(/^(\d+)\.0+$/, "$1");
    if (className === "") throw wrong(`${label} is empty`);
    return { className };
  }
  const all = parseVotes(cells, [...classes, ...noClasses.keys()], wrong);
  const votes = new Map(classes.map((column) => [column, all.get(column) ?? 0]));
  const others = [...noClasses].flatMap(([column, name]) => {
    const count = all.get(column) ?? 0;
    return count > 0 ? [[name, count] as const] : [];
  });
  return { votes, ...(others.length > 0 && { otherVotes: Object.fromEntries(others) }) };
}
