/** The files of a review: corrections.csv for labels that are put right, a manifest for images that get their first ones. */

import { existsSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { readCorrections } from "../../data/corrections.node.ts";
import { type Correction, correctionsText, type Decision } from "../../data/corrections.ts";
import { classKey } from "../../data/names.ts";
import { readCsvHeader, readCsvRows } from "../../formats/csv.node.ts";
import { csvRow } from "../../formats/csv.ts";
import { FormatError } from "../../util/errors.ts";
import { readBytes, writeFileAtomic } from "../../util/files.node.ts";
import { Problem } from "../problems.ts";
import type { Dated, DecisionStore } from "./decision-book.ts";

/** An image whose label may be wrong. */
export interface LabelledImage {
  readonly id: string;
  /** The name of its class. */
  readonly label: string;
}

/** Keeps rows of images that are not reviewed, such as those of other classes. */
export function correctionsStore(path: string, images: readonly LabelledImage[]): DecisionStore {
  const file = watched(path);
  const indexOf = new Map(images.map(({ id }, index) => [id, index]));
  let others: [string, Correction][] = [];
  return {
    async load() {
      const corrections = existsSync(path) ? await readCorrections(path) : new Map<string, Correction>();
      file.seen();
      others = [...corrections].filter(([id]) => !indexOf.has(id));
      const found = [...corrections].flatMap(([id, { decision, from, when }]): [number, Dated][] => {
        const index = indexOf.get(id);
        if (index === undefined) return [];
        const holds = heldFor((images[index] as LabelledImage).label, from, decision);
        return holds ? [[index, { decision: holds, when }]] : [];
      });
      return new Map(found);
    },
    save(decided) {
      const rows = [...decided].map(([index, { decision, when }]): [string, Correction] => {
        const { id, label } = images[index] as LabelledImage;
        return [id, { decision, from: label, when }];
      });
      file.write(correctionsText(new Map([...others, ...rows])));
    },
  };
}

/** What a decision on an image labelled `from` says of it now that its label is `label`; nothing where it is out of date. */
function heldFor(label: string, from: string, decision: Decision): Decision | undefined {
  const isSame = (a: string, b: string): boolean => classKey(a) === classKey(b);
  if (isSame(label, from) || decision.kind === "leave out") return decision;
  return decision.kind === "relabel" && isSame(label, decision.label) ? { kind: "keep" } : undefined;
}

const MANIFEST_COLUMNS = ["path", "label"] as const;

/**
 * Labels go into a manifest that can be trained on; its paths are seen from its own folder. Images to leave out stand in a list
 * beside it, as `--exclude` takes it.
 *
 * @param files The images' files, by index.
 */
export function manifestStore(path: string, files: readonly string[]): DecisionStore {
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
        if (!note(name, { kind: "relabel", label })) others.push([name, label]);
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
      manifest.check();
      leftOut.write(without.map((name) => `${name}\n`).join(""));
      manifest.write([MANIFEST_COLUMNS, ...labels].map((cells) => `${csvRow(cells)}\n`).join(""));
    },
  };
}

/** `labels.csv` has `labels.left-out.txt` beside it. */
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

/** A file that this process writes whole, and that another program may change meanwhile. */
function watched(path: string): { seen(): void; check(): void; write(text: string): void } {
  const found = (): string => (existsSync(path) ? new TextDecoder().decode(readBytes(path)) : "");
  let last = "";
  const check = (): void => {
    if (found() !== last)
      throw new Problem(
        "file_changed",
        `${path} was changed by another program, and is left as it is; start vultus review again to go on from it`,
      );
  };
  return {
    seen() {
      last = found();
    },
    check,
    write(text) {
      check();
      if (text === last) return;
      writeFileAtomic(path, text);
      last = text;
    },
  };
}
