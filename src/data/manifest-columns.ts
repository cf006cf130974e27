/** Finds the columns of a manifest by their usual names: paths, labels or votes, people, splits, subgroups. */

import type { CsvRow } from "../formats/csv.node.ts";
import { FormatError } from "../util/errors.ts";
import { plural } from "./assemble.ts";
import { isImageName } from "./beside-images.ts";
import { splitColumnOf, splitColumns } from "./split-column.ts";

/** FER+'s column of image names; empty in rows of images that FER+ dropped. */
const ferPlusColumn = "image name";
/**
 * Usual names of the column of paths, and of the column of labels if none is called label; the first that exists is
 * used.
 */
const pathColumns = [
  ...["path", "file", "filename", "filepath", "file_path", "file_name", "image", "image_path", "img"],
  ...["img_path", "image_name", ferPlusColumn, "subdirectory_filepath", "pth"],
];
const labelColumns = [
  ...["label", "emotion", "expression", "class", "labels", "target", "category", "emotions"],
  ...["class_name", "label_name", "emotion_name"],
];
/** Usual names of the column of people: a person on both sides of a split would make a score too optimistic. */
const identityColumns = [
  ...["identity", "person", "person_id", "subject", "subject_id"],
  ...["participant", "participant_id", "actor", "actor_id"],
];
/** Column names whose case does not matter. */
export const knownColumns: readonly string[] = [
  ...new Set([...identityColumns, ...splitColumns, ...pathColumns, ...labelColumns]),
];
/** Columns of the table that `vultus predict` writes, between the file and the probability of each class. */
export const predictionColumns = ["status", "x", "y", "width", "height", "score", "label"] as const;
/** Row numbers that programs write into a table, usually without a column name; next to votes also with one. */
const rowNumbers = /^(column|unnamed:) ?\d+$/i;
const rowNumbersByName = /^(index|id)$/i;
/** With votes, the prefix that distinguishes a column of subgroups from a class: `subgroup:age`. */
const subgroupColumn = /^subgroup(?::\s*(?<name>.+))?$/i;
/** With votes, the prefix of a column whose votes are not for a class: `not-a-class:unknown`. */
const otherColumn = /^not-a-class:\s*(?<name>.+)$/i;

/** The columns of a manifest by their content. */
export interface ManifestColumns {
  readonly path: string;
  /** Undefined for a table of votes. */
  readonly label: string | undefined;
  /** Other columns whose names suggest labels. */
  readonly labels: readonly string[];
  readonly identity: string | undefined;
  readonly split: string | undefined;
  /** The name of each column of subgroups. */
  readonly subgroups: ReadonlyMap<string, string>;
  /** Columns of votes for classes, and columns of other votes with their names. */
  readonly classes: readonly string[];
  readonly noClasses: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** Returns the column of a table that contains the paths of images. */
export function pathColumnOf(header: readonly string[]): string | undefined {
  return pathColumns.find((column) => header.includes(column));
}

/** Whether a row of FER+'s votes has no image: its name is empty, since people found no face in it. */
export function isWithoutImage(pathColumn: string, cells: CsvRow["cells"]): boolean {
  return pathColumn === ferPlusColumn && cells[pathColumn] === "";
}

/** Sorts the columns by their content. @throws FormatError if there are no paths or no labels, or the splits are not clear. */
export function manifestColumns(
  path: string,
  header: readonly string[],
  rows: readonly CsvRow[],
): ManifestColumns {
  const pathColumn = pathColumnOf(header);
  if (pathColumn === undefined) throw missingColumns(path, header);
  // A table of votes has a column per class, and none for the label.
  const label = labelColumns.find((column) => header.includes(column));
  const isNumbering = (column: string): boolean =>
    rowNumbers.test(column) || (label === undefined && rowNumbersByName.test(column));
  if (label === undefined) checkRowNumbers(path, header.filter(isNumbering), rows);
  const identity = identityColumns.find((column) => header.includes(column));
  const free = header.filter(
    (column) => ![identity, pathColumn, label].includes(column) && !isNumbering(column),
  );
  const split = splitColumnOf(path, free, rows);
  const predicted = predictionColumns.every((column) => header.includes(column));
  const others = predicted ? [] : free.filter((column) => column !== split);
  const isSubgroup = (column: string): boolean =>
    label !== undefined || subgroupColumn.test(column) || splitColumns.includes(column as "split");
  const subgroups = new Map(
    others
      .filter(isSubgroup)
      .map((column) => [column, (subgroupColumn.exec(column)?.groups?.name ?? column).toLowerCase()]),
  );
  // The order is fixed, because the last digits of sums of fractions depend on it.
  const votes = others.filter((column) => !isSubgroup(column)).sort();
  const noClasses = new Map(
    votes.flatMap((column) => {
      const name = otherColumn.exec(column)?.groups?.name;
      return name === undefined ? [] : [[column, name] as const];
    }),
  );
  const classes = votes.filter((column) => !noClasses.has(column));
  // A single column cannot be votes: it contains labels, or something else.
  if (label === undefined && classes.length < 2) throw missingColumns(path, header);
  const listed = (what: string, names: readonly string[]): string[] =>
    names.length > 0 ? [`${path}: ${plural(names.length, "column")} of ${what}: ${names.join(", ")}`] : [];
  const readAs = (column: string | undefined, what: string): string[] =>
    column === undefined || column === what ? [] : [`${path}: the column ${column} is read as ${what}`];
  const notes = [
    ...(predicted
      ? [
          `${path}: these labels are a model's predictions, and each image is read whole, without its boxes. A model that is trained or ` +
            `measured on them looks better than it is. In vultus review, people can correct them first`,
        ]
      : []),
    ...listed("subgroups", [...subgroups.values()]),
    ...listed("votes that are not for a class", [...noClasses.values()]),
    ...readAs(identity, "identity"),
    ...readAs(split, "split"),
  ];
  const labels = labelColumns.filter((column) => column !== label && subgroups.has(column));
  return { path: pathColumn, label, labels, identity, split, subgroups, classes, noClasses, notes };
}

/** Returns the error for a CSV file that is neither a manifest nor fer2013.csv. */
export function missingColumns(path: string, header: readonly string[]): FormatError {
  if (header.some((cell) => cell.split(/\s/).some(isImageName)))
    return new FormatError(
      `${path} does not name its columns: its first row is ${header.join(", ")}. ` +
        "Add a header line such as path,label; commas, semicolons, tabs or | may separate cells.",
    );
  if (header.some((cell) => /^(image_?)?urls?$/i.test(cell)))
    return new FormatError(
      `${path} lists URLs, but vultus reads files. Download the images and list their paths in a column named path.`,
    );
  return new FormatError(
    `${path} has the columns ${header.join(", ")}. Expected path and label (or path and one column of votes per ` +
      "class), or fer2013.csv's emotion, pixels and Usage.",
  );
}

/** @throws FormatError if a column that should contain row numbers contains something else, which may be votes. */
function checkRowNumbers(path: string, columns: readonly string[], rows: readonly CsvRow[]): void {
  for (const column of columns) {
    const cells = rows.map((row) => row.cells[column]).filter((cell) => cell !== "");
    if (new Set(cells).size < cells.length)
      throw new FormatError(
        `${path}: ${column} is not the name of a class, and the column does not contain row numbers. Name it or remove it.`,
      );
  }
}
