/** Removes the samples in a list: an `exclude.txt` written by `vultus data audit` or by hand. */

import { UsageError } from "../util/errors.ts";
import { readBytes } from "../util/files.node.ts";
import { plural } from "./assemble.ts";
import { canonicalId } from "./canonical.ts";
import { classCounts, type Dataset, fingerprintOf } from "./dataset.ts";

/**
 * Returns the data set without the samples whose ids are in the file, one per line; lines that begin with `# ` are
 * comments. Ids that the data set does not have are counted in a note, since one list may serve several choices of
 * classes.
 *
 * @throws UsageError if no id is known, or if a class loses all its training samples.
 */
export function excludeListed(dataset: Dataset, path: string): Dataset {
  const listed = new Set(
    new TextDecoder()
      .decode(readBytes(path))
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "" && !line.startsWith("# ")),
  );
  const { classes, samples: all } = dataset;
  const ids = new Set(all.map(({ id }) => id));
  // The list may come from a system that writes names differently.
  const left = new Set([...listed].map((id) => (ids.has(id) ? id : canonicalId(id))));
  const samples = all.filter(({ id }) => !left.has(id));
  const count = all.length - samples.length;
  if (listed.size > 0 && count === 0) {
    throw new UsageError(
      `--exclude ${path}: none of its ${plural(listed.size, "id")} is in the data; the first is "${[...listed][0]}", ` +
        `an id of the data is "${all[0]?.id}". Run "vultus data audit" on the same folders.`,
    );
  }
  const training = (of: Dataset["samples"]): number[] =>
    classCounts(
      of.filter(({ split }) => split === "train"),
      classes.length,
    );
  const before = training(all);
  const lost = training(samples).findIndex((n, label) => n === 0 && (before[label] ?? 0) > 0);
  if (lost >= 0) {
    throw new UsageError(
      `--exclude ${path} leaves no training images of "${classes[lost]}" (${before[lost]} before). ` +
        "Shorten the list, or leave the class out with --classes.",
    );
  }
  const unknown = listed.size - count;
  const notes = [...dataset.notes, `${plural(count, "image")} left out by ${path}`];
  if (unknown > 0)
    notes.push(`${plural(unknown, "id")} of ${path} ${unknown === 1 ? "is" : "are"} not in the data`);
  return { ...dataset, samples, notes, fingerprint: fingerprintOf(classes, samples) };
}
