/** Labelled pictures for commands that score models on them: which ones, and decoded. */

import { tmpdir } from "node:os";
import type { Command } from "commander";
import type { Dataset, Sample, Split } from "../data/dataset.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import { readDataset } from "../data/read.node.ts";
import { type Evaluation, LARGEST_SIDE } from "../evaluate/evaluate.node.ts";
import { findLeaked, type Leaks, leaksOf } from "../evaluate/leaks.node.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { UsageError } from "../util/errors.ts";
import { temperatureOf } from "../weights/classifier-file.ts";
import { numberOf } from "./options.ts";
import { liveLine, say } from "./output.ts";

export interface LabelledOptions {
  readonly split?: Split | "all";
  readonly allowUnreadable: boolean;
  readonly memory: number;
  readonly exclude?: string;
}

/** Which pictures are scored, and how they are read. */
export function withLabelled(command: Command): Command {
  return command
    .option(
      "--split <name>",
      "train, validation, test or all (default: validation where there is one, else all)",
    )
    .option("--exclude <file>", "pictures to leave out, one id per line, as data audit --out writes them")
    .option("--allow-unreadable", "go on where more than 1 % of the pictures cannot be read", false)
    .option("--memory <GB>", "memory for decoded pictures", numberOf(0.1, 1000), 2);
}

export interface LabelledPictures {
  readonly dataset: Dataset;
  /** What was chosen: a split, or "all". */
  readonly split: string;
  /** The caller closes them. */
  readonly pixels: PixelCache;
}

/** Reads and decodes the chosen pictures; labels are indices into `classes`. Says what cannot be read. */
export async function readLabelled(
  data: readonly string[],
  classes: readonly string[],
  options: LabelledOptions,
): Promise<LabelledPictures> {
  const dataset = await readDataset(data, { classes, allowMissing: true, exclude: options.exclude });
  for (const note of dataset.notes) say(note);
  const { samples, split } = choose(dataset.samples, options.split);
  const pixels = await loadPixels(samples, {
    maxSide: LARGEST_SIDE,
    memoryBudget: options.memory * 1e9,
    spillDir: tmpdir(),
    allowUnreadable: options.allowUnreadable,
    onProgress: (done, total) => liveLine(`reading ${done} of ${total}`),
  });
  for (const { id, reason } of pixels.unreadable) say(`not scored: ${id}: ${reason}`);
  return { dataset, split, pixels };
}

/**
 * Whether a model's temperature was fitted on these very pictures: a run fits it on its validation pictures, and its
 * bundle knows which data they were of.
 */
export function isFittedOn({ metadata, path }: Bundle, { dataset, split }: LabelledPictures): boolean {
  return (
    split === "validation" &&
    metadata.data_fingerprint === dataset.fingerprint &&
    temperatureOf(metadata, path) !== 1
  );
}

/** What leaks from the training pictures of the data into those that were scored; nothing where there are none. */
export async function leaksIn(
  { samples }: Dataset,
  split: string,
  pixels: PixelCache,
  { labels, predicted }: Evaluation,
): Promise<{ leaks?: Leaks }> {
  const training = samples.filter((sample) => sample.split === "train");
  if (training.length === 0 || split === "train" || split === "all") return {};
  const isLeaked = await findLeaked(pixels, training, {
    maxSide: LARGEST_SIDE,
    onProgress: (done, total) => liveLine(`looking for leaks: ${done} of ${total} training pictures`),
  });
  return { leaks: leaksOf(labels, predicted, isLeaked) };
}

/** The samples of the asked split; without one, the validation pictures or else all. */
function choose(samples: readonly Sample[], asked: string | undefined): { samples: Sample[]; split: string } {
  const of = (split: string): Sample[] => samples.filter((sample) => sample.split === split);
  if (asked === "all") return { samples: [...samples], split: "all" };
  if (asked === undefined) {
    const validation = of("validation");
    return validation.length > 0
      ? { samples: validation, split: "validation" }
      : { samples: [...samples], split: "all" };
  }
  if (!["train", "validation", "test"].includes(asked))
    throw new UsageError(`--split ${asked}: valid are train, validation, test, all`);
  const chosen = of(asked);
  if (chosen.length === 0)
    throw new UsageError(`there are no ${asked} pictures in this data; leave --split out to score all`);
  return { samples: chosen, split: asked };
}
