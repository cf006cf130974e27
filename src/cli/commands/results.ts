/** `vultus results`: `merge` joins the files that the shards of one prediction run wrote. */

import { Command } from "commander";
import { photoSources } from "../../predict/inputs.node.ts";
import { counted } from "../../util/counted.ts";
import { mergeResults } from "../merge-results.ts";
import { collected, type SetExitCode } from "../options.ts";
import { result, say } from "../output.ts";

/** Number of missing photos that the message names. */
const NAMED = 5;

export function resultsCommand(setExitCode: SetExitCode): Command {
  const merge = new Command("merge")
    .description("join the .jsonl or .csv files that predict --shard wrote, so that each photo occurs once")
    .argument("<files...>", "the files of the shards")
    .requiredOption("--out <file>", "file to write; it must not exist yet")
    .option(
      "--photos <path>",
      "check that every photo here has a result; give the same path as to predict; may be repeated",
      collected,
      [],
    )
    .action(async (files: string[], { out, photos }: { out: string; photos: string[] }) => {
      const merged = await mergeResults(files, out);
      for (const path of merged.torn) {
        say(`${path} ends in the middle of a photo; run its shard again with --resume`);
        setExitCode(1);
      }
      if (merged.repeated > 0) say(`${counted(merged.repeated, "photo")} occurred twice, with equal results`);
      const missing = photos.length === 0 ? [] : missingOf(photos, merged.photos);
      if (missing.length > 0) {
        const more = missing.length > NAMED ? ", …" : "";
        say(
          `${counted(missing.length, "photo")} without a result: ${missing.slice(0, NAMED).join(", ")}${more}`,
        );
        setExitCode(1);
      }
      result(`${out}: ${counted(merged.photos.size, "photo")} from ${counted(files.length, "file")}`);
    });
  return new Command("results").description("work with files of predictions").addCommand(merge);
}

function missingOf(photos: readonly string[], found: ReadonlySet<string>): string[] {
  return [...photoSources(photos, { allowUrls: true })].flatMap(({ file }) =>
    found.has(file) ? [] : [file],
  );
}
