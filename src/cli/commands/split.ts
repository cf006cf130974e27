/** `vultus data split`: a train, validation and test split as a manifest, with copies and people kept on one side. */

import { Command } from "commander";
import { byLooks, type Copies, findCopies } from "../../audit/copies.node.ts";
import { classCounts, type Dataset, indicesOf, type Split, splits } from "../../data/dataset.ts";
import { readDataset } from "../../data/read.node.ts";
import { resplit } from "../../data/resplit.ts";
import { byIdentity, type Grouping, groupsOf } from "../../data/split.ts";
import { newManifest } from "../manifest.ts";
import { listOf, numberOf, type SetExitCode } from "../options.ts";
import { clearLine, liveLine, percent, result, resultJson, say } from "../output.ts";

interface Options {
  readonly out: string;
  readonly validation?: number;
  readonly test?: number;
  readonly seed: number;
  readonly classes?: string[];
  readonly exclude?: string;
  readonly json?: boolean;
}

/** Of the pictures, where no share is asked for. */
const DEFAULT_VALIDATION = 0.2;

export function splitCommand(setExitCode: SetExitCode): Command {
  return new Command("split")
    .description("cut splits that keep copies of a picture, and people, on one side; written as a manifest")
    .argument("<data...>", "folders or CSV files with labelled pictures")
    .requiredOption("--out <file>", "the manifest, a CSV file that train, evaluate and data audit read")
    .option(
      "--validation <share>",
      `share of each class to validate on (default: ${DEFAULT_VALIDATION}, where --test is not given either)`,
      numberOf(0, 1),
    )
    .option("--test <share>", "share of each class to test on once, at the end", numberOf(0, 1))
    .option("--seed <n>", "seed of the cut", numberOf(0, 2 ** 31, true), 0)
    .option("--classes <a,b,…>", "classes to use, in this order (default: all that are found)", listOf)
    .option("--exclude <file>", "pictures to leave out, one id per line, as data audit --out writes them")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nA split that the data has is cut anew where its share is given, and kept as it is otherwise.\nNo picture is copied or changed.",
    )
    .action(async (data: string[], options: Options) => {
      const manifest = newManifest(options.out);
      const { test, validation = test === undefined ? DEFAULT_VALIDATION : undefined } = options;
      const shares = {
        ...(validation !== undefined && { validation }),
        ...(test !== undefined && { test }),
      };
      const { classes, exclude } = options;
      const chosen = await readDataset(data, { classes, exclude });
      // A data set that no manifest can describe, or shares that cannot be cut, are said before the long reading.
      manifest.check(chosen);
      resplit(chosen, { ...shares, seed: options.seed });

      const copies = await findCopies(chosen.samples, (stage, done, total) =>
        liveLine(`${stage} ${done} of ${total}`),
      );
      clearLine();
      if (copies.unreadable.length > 0) setExitCode(1);
      const unreadable = new Set(copies.unreadable.map(({ id }) => id));
      const readable = { ...chosen, samples: chosen.samples.filter(({ id }) => !unreadable.has(id)) };
      const groupings = [byIdentity, byLooks(copies)];
      const cut = resplit(readable, { ...shares, seed: options.seed, groupings });
      manifest.write(cut);
      const summary = summaryOf(cut, copies, groupings);
      if (options.json)
        resultJson({ manifest: options.out, seed: options.seed, ...summary, notes: cut.notes });
      else result([splitText(cut.classes, summary), ...cut.notes].join("\n"));
      for (const { id, reason } of copies.unreadable) say(`left out: ${id}: ${reason}`);
      say(`wrote ${options.out}`);
    });
}

interface Part {
  readonly pictures: number;
  /** Of all pictures, or of those of the class. */
  readonly share: number;
}

interface Summary {
  readonly pictures: number;
  readonly splits: Partial<Record<Split, Part & { readonly perClass: Readonly<Record<string, Part>> }>>;
  readonly groups: {
    readonly identical: number;
    readonly nearDuplicates: number;
    readonly people: number;
    /** What these come to where they overlap: groups of two or more pictures that stay together, and their pictures. */
    readonly keptTogether: number;
    readonly picturesInThem: number;
  };
  readonly unreadable: number;
}

function summaryOf({ classes, samples }: Dataset, copies: Copies, groupings: readonly Grouping[]): Summary {
  const all = classCounts(samples, classes.length);
  const together = groupsOf(samples, groupings).filter(({ length }) => length > 1);
  const parts = splits.flatMap((split) => {
    const own = indicesOf(samples, split).flatMap((index) => samples[index] ?? []);
    if (own.length === 0) return [];
    const counts = classCounts(own, classes.length);
    const perClass = classes.map((name, k) => {
      const pictures = counts[k] as number;
      return [name, { pictures, share: pictures / (all[k] as number) }] as const;
    });
    const share = own.length / samples.length;
    return [[split, { pictures: own.length, share, perClass: Object.fromEntries(perClass) }] as const];
  });
  return {
    pictures: samples.length,
    splits: Object.fromEntries(parts),
    groups: {
      identical: copies.identical.filter(({ length }) => length > 1).length,
      nearDuplicates: copies.alike.length,
      people: new Set(samples.flatMap(({ identity }) => identity ?? [])).size,
      keptTogether: together.length,
      picturesInThem: together.reduce((sum, { length }) => sum + length, 0),
    },
    unreadable: copies.unreadable.length,
  };
}

function splitText(classes: readonly string[], { pictures, splits: parts, groups }: Summary): string {
  const width = Math.max(5, ...classes.map((name) => name.length)) + 2;
  const used = Object.entries(parts);
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(18)).join("")}`;
  const cell = ({ pictures: count, share }: Part): string => `${count} (${percent(share)})`;
  const kinds = [
    `${groups.identical} groups of identical pictures`,
    `${groups.nearDuplicates} groups of near-duplicates`,
    ...(groups.people > 0 ? [`${groups.people} people`] : []),
  ];
  return [
    row(
      "class",
      used.map(([split]) => split),
    ),
    ...classes.map((name) =>
      row(
        name,
        used.map(([, { perClass }]) => cell(perClass[name] as Part)),
      ),
    ),
    row(
      "total",
      used.map(([, part]) => cell(part)),
    ),
    "",
    `${pictures} pictures; ${kinds.join(", ")}:`,
    `${groups.keptTogether} groups with ${groups.picturesInThem} pictures stay on one side of the split`,
  ].join("\n");
}
