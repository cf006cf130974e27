/**
 * `vultus data`: `inspect` summarises a data set, `audit` finds its faults, `crop` cuts faces out of photos, `split` cuts
 * splits, and `soften` adds soft labels.
 */

import { Command } from "commander";
import type { Inspection } from "../../data/inspect.node.ts";
import { inspect } from "../../jobs/inspect.ts";
import { type SetExitCode, withData } from "../options.ts";
import { result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";
import { auditCommand } from "./audit.ts";
import { cropCommand } from "./crop.ts";
import { softenCommand } from "./soften.ts";
import { splitCommand } from "./split.ts";

interface Options {
  readonly classes?: string[];
  readonly rename?: Readonly<Record<string, string>>;
  readonly notAClass?: string[];
  readonly corrections?: string;
  readonly sheet: string | false;
  readonly json?: boolean;
}

export function dataCommand(setExitCode: SetExitCode): Command {
  const inspectCommand = withData(new Command("inspect"))
    .description(
      "show counts, sizes, class balance and unreadable files, and write a contact sheet of random images",
    )
    .argument("<data...>", "folders or CSV files with labelled images")
    .option("--sheet <file>", "where to write the contact sheet", "contact-sheet.png")
    .option("--no-sheet", "do not write a contact sheet")
    .option("--json", "print JSON")
    .action(async (data: string[], options: Options) => {
      const { sheet, json, ...rest } = options;
      const inspection = await inspect({
        ...rest,
        data,
        sheet: sheet || undefined,
        onEvent: printer(),
      });
      if (inspection.unreadable.length > 0) setExitCode(1);
      if (json) resultJson(inspection);
      else result(inspectionText(inspection));
    });
  return new Command("data")
    .description("inspect and audit data sets, crop faces, cut splits, and soften labels")
    .addCommand(inspectCommand)
    .addCommand(auditCommand(setExitCode))
    .addCommand(cropCommand(setExitCode))
    .addCommand(splitCommand(setExitCode))
    .addCommand(softenCommand(setExitCode));
}

function inspectionText({
  classes,
  pictures,
  counts,
  imbalance,
  sizes,
  grey,
  unreadable,
  crossSplitPictures,
  notes,
}: Inspection): string {
  const width = Math.max(5, ...classes.map((name) => name.length)) + 2;
  const used = (["train", "validation", "test"] as const).filter((split) =>
    counts[split].some((count) => count > 0),
  );
  const line = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((c) => String(c).padStart(12)).join("")}`;
  const total = (split: (typeof used)[number]): number =>
    counts[split].reduce((sum, count) => sum + count, 0);
  const leaks = Object.entries(crossSplitPictures).flatMap(([where, count]) =>
    count > 0 ? [`${count} ${where}`] : [],
  );
  return [
    line("class", used),
    ...classes.map((name, i) =>
      line(
        name,
        used.map((split) => counts[split][i] ?? 0),
      ),
    ),
    line("total", used.map(total)),
    "",
    `${pictures} images, ${grey} of them grey; the largest class has ${imbalance.toFixed(2)} times the images of the smallest`,
    `sizes: ${sizes
      .slice(0, 5)
      .map((size) => `${size.width}×${size.height} (${size.count})`)
      .join(", ")}${sizes.length > 5 ? `, and ${sizes.length - 5} more` : ""}`,
    `pixel-identical images in more than one split: ${leaks.length > 0 ? leaks.join(", ") : "none"}`,
    ...unreadable.map(({ id, reason }) => `unreadable: ${id}: ${reason}`),
    ...notes,
  ].join("\n");
}
