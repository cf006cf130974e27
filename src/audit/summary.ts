/** An audit in numbers: what `--json` prints. */

import type { CrossSplitPictures } from "../data/pixel-hash.node.ts";
import type { Audit } from "./audit.node.ts";
import type { Balance } from "./balance.ts";
import { crossesSplits, isConflicting } from "./groups.ts";
import { type Fault, faults } from "./quality.ts";

export interface AuditSummary extends Readonly<Record<Fault, number>> {
  /** Images listed, those that cannot be read included. */
  readonly pictures: number;
  /** Groups of two or more pixel-identical images, over all splits. */
  readonly duplicateGroups: number;
  /** The sum of the groups' sizes less one each. */
  readonly redundantPictures: number;
  readonly crossSplitPictures: CrossSplitPictures;
  /** Groups of identical images with more than one label. */
  readonly conflictingGroups: number;
  /** Groups of images that look the same without all being identical. */
  readonly nearDuplicateGroups: number;
  readonly nearCrossSplitGroups: number;
  readonly nearConflictingGroups: number;
  readonly unreadable: number;
  /** Suspected label errors, and how often the model that suspects them is right; only where they were looked for. */
  readonly suspectedLabels?: number;
  readonly outOfSampleAccuracy?: number;
  readonly balance: Balance;
}

export function summaryOf(audit: Audit): AuditSummary {
  const { pictures, duplicates, crossSplitPictures, nearDuplicates, unreadable, balance, labels } = audit;
  const counts = Object.fromEntries(faults.map((fault) => [fault, audit.faults[fault].length]));
  return {
    pictures,
    duplicateGroups: duplicates.length,
    redundantPictures: duplicates.reduce((sum, group) => sum + group.pictures.length - 1, 0),
    crossSplitPictures,
    conflictingGroups: duplicates.filter(isConflicting).length,
    nearDuplicateGroups: nearDuplicates.length,
    nearCrossSplitGroups: nearDuplicates.filter(crossesSplits).length,
    nearConflictingGroups: nearDuplicates.filter(isConflicting).length,
    ...(counts as Record<Fault, number>),
    unreadable: unreadable.length,
    ...(labels && { suspectedLabels: labels.suspects.length, outOfSampleAccuracy: labels.accuracy }),
    balance,
  };
}
