/** `vultus data split`: writes a train, validation and test split as a manifest, with copies and people kept together. */

import { Command } from "commander";
import {
  DEFAULT_VALIDATION,
  type SplitOptions,
  type SplitPart,
  type SplitResult,
  split,
} from "../../jobs/split.ts";
import { counted } from "../../util/counted.ts";
import { callTo } from "../../util/spelling.ts";
import { listOf, numberOf, type SetExitCode, withNaming } from "../options.ts";
import { percent, result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends Omit<SplitOptions, "data" | "onEvent"> {
  readonly json?: boolean;
}

export function splitCommand(setExitCode: SetExitCode): Command {
  return withNaming(new Command("split"))
    .description(
      "cut splits that keep copies of an image, and images of a person, together; write them as a manifest",
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .requiredOption(
      "--out <file>",
      "the manifest to write, a CSV file that train, evaluate and data audit read",
    )
    .option(
      "--validation <share>",
      `share of each class to validate on (default: ${DEFAULT_VALIDATION}, unless --test is given)`,
      numberOf(0, 1),
    )
    .option("--test <share>", "share of each class to test on once, at the end", numberOf(0, 1))
    .option("--seed <n>", "seed of the cut", numberOf(0, 2 ** 31, true), 0)
    .option("--classes <a,b,…>", "classes to use, in this order (default: all classes found)", listOf)
    .option("--exclude <file>", "images to leave out, one id per line, as data audit --out writes them")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nIf the data already has a split, it is cut again if its share is given, and kept otherwise.\nNo image is copied or changed.",
    )
    .action(async (data: string[], { json, ...options }: Options) => {
      const cut = await split({ ...options, data, onEvent: printer(setExitCode) });
      if (json) resultJson(cut);
      else
        result(
          [splitText(cut), ...cut.notes, `next: ${callTo("train", { data: [options.out] })}`].join("\n"),
        );
    });
}

function splitText({ pictures, splits: parts, groups }: SplitResult): string {
  const classes = Object.keys(Object.values(parts)[0]?.perClass ?? {});
  const width = Math.max(5, ...classes.map((name) => name.length)) + 2;
  const used = Object.entries(parts);
  const row = (name: string, cells: readonly string[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => cell.padStart(16)).join("")}`;
  const cell = ({ pictures: count, share }: SplitPart): string => `${count} (${percent(share)})`;
  const kinds = [
    `${counted(groups.identical, "group")} of identical images`,
    `${counted(groups.nearDuplicates, "group")} of near-duplicates`,
    ...(groups.people > 0 ? [groups.people === 1 ? "1 person" : `${groups.people} people`] : []),
  ];
  return [
    row(
      "class",
      used.map(([split]) => split),
    ),
    ...classes.map((name) =>
      row(
        name,
        used.map(([, { perClass }]) => cell(perClass[name] as SplitPart)),
      ),
    ),
    row(
      "total",
      used.map(([, part]) => cell(part)),
    ),
    "",
    `${counted(pictures, "image")}; ${kinds.join(", ")}:`,
    `${counted(groups.keptTogether, "group")} with ${counted(groups.picturesInThem, "image")} ${groups.keptTogether === 1 ? "stays" : "stay"} in one split`,
  ].join("\n");
}
