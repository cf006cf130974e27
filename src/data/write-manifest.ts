/** Writes a data set as a manifest: the CSV file that `manifest-csv.node.ts` reads back as the same data set. */

import { csvRow } from "../formats/csv.ts";
import { UsageError } from "../util/errors.ts";
import type { Dataset, Sample } from "./dataset.ts";

/** Decimals of a vote: whole votes stay whole, and a soft label keeps four decimals. */
const DECIMALS = 9;

/**
 * Returns the text of a manifest, one row per sample in their order; `pathOf` returns a file's path relative to the
 * manifest's folder. If any sample has votes, there is one column per class, and a sample without votes counts as a vote for
 * its label; votes for names that are not classes are in columns `not-a-class:…`.
 *
 * @throws UsageError for samples that are not files, such as those of fer2013.csv, and for a file that occurs twice.
 */
export function manifestText({ classes, samples }: Dataset, pathOf: (file: string) => string): string {
  const voted = samples.some(({ votes }) => votes !== undefined);
  const identified = samples.some(({ identity }) => identity !== undefined);
  const columns = [...new Set(samples.flatMap(({ subgroups = {} }) => Object.keys(subgroups)))];
  const others = [...new Set(samples.flatMap(({ otherVotes = {} }) => Object.keys(otherVotes)))].sort();
  const header = [
    "path",
    "split",
    ...(voted ? classes : ["label"]),
    ...others.map((name) => `not-a-class:${name}`),
    ...(identified ? ["identity"] : []),
    ...columns.map((name) => (voted ? `subgroup:${name}` : name)),
  ];
  const labelCells = ({ label, votes, voteCount = 1 }: Sample): string[] => {
    if (!voted) return [classes[label] as string];
    if (!votes) return classes.map((_, k) => String(Number(k === label)));
    return votes.map((share) => voteText(share * voteCount));
  };
  const taken = new Set<string>();
  const rows = samples.map((sample) => [
    pathOf(onlyOnce(fileOf(sample), taken)),
    sample.split,
    ...labelCells(sample),
    ...others.map((name) => voteText(sample.otherVotes?.[name] ?? 0)),
    ...(identified ? [sample.identity ?? ""] : []),
    ...columns.map((name) => sample.subgroups?.[name] ?? ""),
  ]);
  return [header, ...rows].map((cells) => `${csvRow(cells)}\n`).join("");
}

function voteText(count: number): string {
  return String(Number(count.toFixed(DECIMALS)));
}

function fileOf({ id, source }: Sample): string {
  if (source.kind === "file") return source.path;
  throw new UsageError(
    `"${id}" is a row of a CSV file that contains the pixels, but a manifest can only name files. ` +
      "Unpack the images into folders first.",
  );
}

function onlyOnce(file: string, taken: Set<string>): string {
  if (taken.has(file))
    throw new UsageError(`${file} is in more than one of the data sets. Name each folder once.`);
  taken.add(file);
  return file;
}
