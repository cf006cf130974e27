/** The figures of an audit: the output of `--json`. */

import type { CrossSplitPictures } from "../data/pixel-hash.node.ts";
import type { Audit } from "./audit.node.ts";
import type { Balance } from "./balance.ts";
import { crossesSplits, isConflicting } from "./groups.ts";
import { type Fault, faults } from "./quality.ts";

export interface AuditSummary extends Readonly<Record<Fault, number>> {
  /** Number of listed images, including unreadable ones. */
  readonly pictures: number;
  /** Number of groups of two or more pixel-identical images, across all splits. */
  readonly duplicateGroups: number;
  /** Number of identical images beyond the first of each group. */
  readonly redundantPictures: number;
  readonly crossSplitPictures: CrossSplitPictures;
  /** Number of groups of identical images with more than one label. */
  readonly conflictingGroups: number;
  /** Number of groups of images that look the same but are not all identical. */
  readonly nearDuplicateGroups: number;
  readonly nearCrossSplitGroups: number;
  readonly nearConflictingGroups: number;
  readonly unreadable: number;
  /** Number of suspected label errors, and the accuracy of the model that suspects them; present only if requested. */
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
