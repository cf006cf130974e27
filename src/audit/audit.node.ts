/**
 * Audits a data set: duplicates, leaks, near-duplicates, useless images, and class shares that differ between splits.
 */

import type { Dataset, Sample } from "../data/dataset.ts";
import { type CrossSplitPictures, crossSplitPictures } from "../data/pixel-hash.node.ts";
import type { Unreadable } from "../data/unreadable.ts";
import { type Balance, balanceOf } from "./balance.ts";
import { type AuditProgress, type Copies, findCopies } from "./copies.node.ts";
import { type AuditedPicture, groupOf, type PictureGroup } from "./groups.ts";
import type { LabelAudit } from "./labels.node.ts";
import { type Fault, faults } from "./quality.ts";

export interface Audit {
  readonly sources: readonly string[];
  readonly classes: readonly string[];
  readonly fingerprint: string;
  readonly notes: readonly string[];
  /** Number of listed images, including unreadable ones. */
  readonly pictures: number;
  /** Groups of pixel-identical images across all splits. */
  readonly duplicates: readonly PictureGroup[];
  readonly crossSplitPictures: CrossSplitPictures;
  /** Groups of images that look the same but are not all identical. They include identical copies. */
  readonly nearDuplicates: readonly PictureGroup[];
  /** Image ids by fault. */
  readonly faults: Readonly<Record<Fault, readonly string[]>>;
  readonly unreadable: readonly Unreadable[];
  readonly balance: Balance;
  /** Present only if requested. */
  readonly labels?: LabelAudit;
}

/** Reads every image once, and again for `judgeLabels` if given. Writes and changes nothing. */
export async function auditDataset(
  dataset: Dataset,
  onProgress: AuditProgress = () => {},
  judgeLabels?: (copies: Copies) => Promise<LabelAudit>,
): Promise<Audit> {
  const { sources, classes, samples, fingerprint, notes } = dataset;
  const copies = await findCopies(samples, onProgress);
  const { traces, unreadable, identical, alike } = copies;
  const labels = await judgeLabels?.(copies);
  const groups = (lists: readonly (readonly number[])[]): PictureGroup[] =>
    lists.map((indices) =>
      groupOf(indices.flatMap((index) => audited(traces[index]?.sample, classes) ?? [])),
    );
  const idsWith = (fault: Fault): string[] =>
    traces.flatMap((trace) => (trace.faults.includes(fault) ? [trace.sample.id] : []));
  return {
    sources,
    classes,
    fingerprint,
    notes,
    pictures: samples.length,
    duplicates: groups(identical.filter((indices) => indices.length > 1)),
    crossSplitPictures: crossSplitPictures(
      traces.map(({ hash }) => hash),
      traces.map(({ sample }) => sample.split),
    ),
    nearDuplicates: groups(alike),
    faults: Object.fromEntries(faults.map((fault) => [fault, idsWith(fault)])) as Record<Fault, string[]>,
    unreadable,
    balance: balanceOf(classes, samples),
    ...(labels && { labels }),
  };
}

function audited(sample: Sample | undefined, classes: readonly string[]): AuditedPicture | undefined {
  if (!sample) return undefined;
  return { id: sample.id, label: classes[sample.label] ?? "", split: sample.split };
}
