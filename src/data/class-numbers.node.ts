/** Finds names for numeric labels in a table: in another column, or in the files that Hugging Face writes next to a table. */

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { CsvRow } from "../formats/csv.node.ts";

export interface NamedNumbers {
  readonly names: ReadonlyMap<string, string>;
  /** The place where the names were found, for a note. */
  readonly from: string;
}

/** Whether a label is a whole number. */
export function isNumber(label: string): boolean {
  return /^\d+$/.test(label);
}

/**
 * Returns the names of all numbers in use, if there are any.
 *
 * @param others columns that may contain the names: each number has one name there, and no two share a name.
 */
export function namedNumbers(
  table: string,
  column: string,
  numbers: readonly string[],
  labels: readonly { readonly label: string; readonly cells: CsvRow["cells"] }[],
  others: readonly string[],
): NamedNumbers | undefined {
  const isComplete = (names: ReadonlyMap<string, string>): boolean =>
    numbers.every((number) => names.get(number)) && new Set(names.values()).size === names.size;
  for (const other of others) {
    const names = new Map(labels.map(({ label, cells }) => [label, cells[other] ?? ""]));
    const isOneToOne = labels.every(({ label, cells }) => names.get(label) === cells[other]);
    if (isOneToOne && isComplete(names) && ![...names.values()].every(isNumber))
      return { names, from: `the column ${other}` };
  }
  for (const [file, namesIn] of [
    ["dataset_info.json", classLabelInJson],
    ["README.md", classLabelInCard],
  ] as const) {
    const text = textOf(join(dirname(table), file));
    const names = text === undefined ? undefined : namesIn(text, column);
    if (names && isComplete(names)) return { names, from: file };
  }
  return undefined;
}

const infoSchema = z.object({
  features: z.record(z.string(), z.object({ names: z.array(z.string()).optional() }).catch({})),
});

/** Returns the names of a `ClassLabel` in the order of its numbers. */
function classLabelInJson(text: string, column: string): Map<string, string> | undefined {
  try {
    const info = infoSchema.parse(JSON.parse(text));
    return new Map(info.features[column]?.names?.map((name, i) => [String(i), name]));
  } catch {
    return undefined;
  }
}

/** Returns the same from the header of a data set's card: `class_label`, `names`, and one line per name. */
function classLabelInCard(text: string, column: string): Map<string, string> {
  const head = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1] ?? "";
  const feature = head.split(/^\s*- name: */m).find((part) => part.split(/\r?\n/)[0]?.trim() === column);
  const [, names = ""] = feature?.split(/class_label:\s*names:/) ?? [];
  return new Map(
    Array.from(names.matchAll(/^\s+['"]?(\d+)['"]?: *['"]?(.+?)['"]?\s*$/gm), ([, number, name]) => [
      number as string,
      name as string,
    ]),
  );
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
