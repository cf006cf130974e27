/** The files of a review: corrections.csv for corrected labels, a manifest for new labels. */

import { existsSync, statSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { readCorrections } from "../../data/corrections.node.ts";
import {
  type Correction,
  type Corrections,
  correctionColumns,
  correctionsText,
  type Decision,
} from "../../data/corrections.ts";
import { classKey } from "../../data/names.ts";
import { readCsvHeader, readCsvRows } from "../../formats/csv.node.ts";
import { csvRow } from "../../formats/csv.ts";
import { FormatError } from "../../util/errors.ts";
import { readBytes, writeFilesAtomic } from "../../util/files.node.ts";
import { Problem } from "../problems.ts";
import type { Dated, DecisionStore } from "./decision-book.ts";

/** An image whose label may be wrong. */
export interface LabelledImage {
  readonly id: string;
  /** The name of its class. */
  readonly label: string;
}

/**
 * Keeps decisions in corrections.csv. Rows that do not apply here (images outside the review, or labels that have changed since)
 * are kept until the image is decided again.
 */
export function correctionsStore(
  path: string,
  images: readonly LabelledImage[],
  classes: readonly string[],
): CorrectionsStore {
  const file = watched(path);
  const indexOf = new Map(images.map(({ id }, index) => [id, index]));
  let others: [string, Correction][] = [];
  const spelt = spellingOf(classes);
  return {
    async load() {
      const corrections = existsSync(path) ? await readOwn(path) : new Map<string, Correction>();
      file.seen();
      others = [];
      const found = new Map<number, Dated>();
      for (const [id, correction] of corrections) {
        const index = indexOf.get(id);
        const holds = index === undefined ? undefined : heldFor(images[index] as LabelledImage, correction);
        if (index === undefined || !holds) others.push([id, correction]);
        else found.set(index, { decision: spelt(holds), when: correction.when });
      }
      return found;
    },
    notes() {
      const changed = others.filter(([id]) => indexOf.has(id)).length;
      const elsewhere = others.length - changed;
      const rows = (count: number): string => `${path}: ${count} ${count === 1 ? "row is" : "rows are"}`;
      return [
        ...(changed > 0
          ? [`${rows(changed)} about labels that have since changed in the data: review these images again`]
          : []),
        ...(elsewhere > 0 ? [`${rows(elsewhere)} about images that are not in this review, and kept`] : []),
      ];
    },
    save(decided) {
      const rows = [...decided].map(([index, { decision, when }]): [string, Correction] => {
        const { id, label } = images[index] as LabelledImage;
        return [id, { decision, from: label, when }];
      });
      const isDecided = new Set(rows.map(([id]) => id));
      const kept = others.filter(([id]) => !isDecided.has(id));
      writeWatched([[file, correctionsText(new Map([...kept, ...rows]))]]);
    },
  };
}

export interface CorrectionsStore extends DecisionStore {
  /** Notes for the user about the loaded file. */
  notes(): string[];
}

/** @throws FormatError also for columns that would be lost when the file is written. */
async function readOwn(path: string): Promise<Corrections> {
  const own: readonly string[] = correctionColumns;
  const more = (await readCsvHeader(path, own)).filter((column) => !own.includes(column));
  const corrections = await readCorrections(path);
  if (more.length > 0)
    throw new FormatError(
      `${path} has the columns ${more.join(", ")} in addition to ${own.join(", ")}, and vultus review would lose them. Remove them, or write to another file with --corrections`,
    );
  return corrections;
}

/** Returns the effect of a decision on an image with this label; undefined if the decision is outdated. */
function heldFor({ label }: LabelledImage, { decision, from }: Correction): Decision | undefined {
  const isSame = (a: string, b: string): boolean => classKey(a) === classKey(b);
  if (decision.kind === "relabel" && isSame(label, decision.label)) return { kind: "keep" };
  return isSame(label, from) || decision.kind === "leave out" ? decision : undefined;
}

/** Converts labels to the spelling of the classes; a file written by hand may differ in case or use synonyms. */
function spellingOf(classes: readonly string[]): (decision: Decision) => Decision {
  const byKey = new Map(classes.map((name) => [classKey(name), name]));
  return (decision) =>
    decision.kind === "relabel"
      ? { ...decision, label: byKey.get(classKey(decision.label)) ?? decision.label }
      : decision;
}

const MANIFEST_COLUMNS = ["path", "label"] as const;

/**
 * Writes labels to a manifest to train on; its paths are relative to its own folder. Images to leave out are listed in a file
 * next to it, in the format that `--exclude` reads.
 *
 * @param files The images' files, by index.
 */
export function manifestStore(
  path: string,
  files: readonly string[],
  classes: readonly string[],
): DecisionStore {
  const spelt = spellingOf(classes);
  const manifest = watched(path);
  const leftOut = watched(leftOutList(path));
  const folder = dirname(resolve(path));
  const pathOf = (file: string): string => relative(folder, resolve(file)).split(sep).join("/");
  const indexOf = new Map(files.map((file, index) => [resolve(file), index]));
  let others: string[][] = [];
  return {
    async load() {
      const decided = new Map<number, Dated>();
      const note = (name: string, decision: Decision): boolean => {
        const index = indexOf.get(resolve(folder, name));
        if (index !== undefined) decided.set(index, { decision, when: "" });
        return index !== undefined;
      };
      others = [];
      for (const [name, label] of await readManifest(path))
        if (!note(name, spelt({ kind: "relabel", label }))) others.push([name, label]);
      for (const name of readList(leftOutList(path))) note(name, { kind: "leave out" });
      manifest.seen();
      leftOut.seen();
      return decided;
    },
    save(decided) {
      const labels: string[][] = [...others];
      const without: string[] = [];
      for (const [index, { decision }] of decided) {
        const name = pathOf(files[index] as string);
        if (decision.kind === "relabel") labels.push([name, decision.label]);
        else without.push(name);
      }
      writeWatched([
        [leftOut, without.map((name) => `${name}\n`).join("")],
        [manifest, [MANIFEST_COLUMNS, ...labels].map((cells) => `${csvRow(cells)}\n`).join("")],
      ]);
    },
  };
}

/** Returns the path of the list next to a manifest: `labels.left-out.txt` for `labels.csv`. */
export function leftOutList(path: string): string {
  return `${path.replace(/\.csv$/i, "")}.left-out.txt`;
}

async function readManifest(path: string): Promise<[string, string][]> {
  if (!existsSync(path)) return [];
  const header = await readCsvHeader(path, MANIFEST_COLUMNS);
  if (header.length !== 2 || MANIFEST_COLUMNS.some((column) => !header.includes(column)))
    throw new FormatError(
      `${path} has the columns ${header.join(", ")}. Expected path, label, as vultus review writes them; give another --out`,
    );
  const rows: [string, string][] = [];
  for await (const { cells } of readCsvRows(path, MANIFEST_COLUMNS))
    rows.push([cells.path ?? "", cells.label ?? ""]);
  return rows;
}

function readList(path: string): string[] {
  if (!existsSync(path)) return [];
  return new TextDecoder()
    .decode(readBytes(path))
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
}

/** A file that this process always rewrites completely, and that another program may change in the meantime. */
interface Watched {
  readonly path: string;
  seen(): void;
  check(): void;
  holds(text: string): boolean;
  wrote(text: string): void;
}

function watched(path: string): Watched {
  const found = (): string => (existsSync(path) ? new TextDecoder().decode(readBytes(path)) : "");
  let last = "";
  return {
    path,
    seen() {
      last = found();
    },
    check() {
      if (found() !== last)
        throw new Problem(
          "file_changed",
          `${path} was changed by another program and is left unchanged; start vultus review again to continue from it`,
        );
      // A rename could replace even a write-protected file.
      if (existsSync(path) && (statSync(path).mode & WRITABLE) === 0)
        throw new Problem("not_saved", `the decision was not saved: ${path} is read-only; make it writable`);
    },
    holds: (text) => text === last,
    wrote(text) {
      last = text;
    },
  };
}

/** The write permission bits of a file's mode. */
const WRITABLE = 0o222;

/** Writes all files or none. */
function writeWatched(files: readonly (readonly [Watched, string])[]): void {
  for (const [file] of files) file.check();
  const changed = files.filter(([file, text]) => !file.holds(text));
  writeFilesAtomic(changed.map(([{ path }, text]) => [path, text]));
  for (const [file, text] of changed) file.wrote(text);
}
