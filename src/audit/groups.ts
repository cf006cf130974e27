/** Groups of images that are identical pixel by pixel, or that look the same. */

import type { Split } from "../data/dataset.ts";

export interface AuditedPicture {
  readonly id: string;
  /** Class name. */
  readonly label: string;
  readonly split: Split;
}

/** Two or more images, in the order of the data set. */
export interface PictureGroup {
  readonly pictures: readonly AuditedPicture[];
  readonly labels: readonly string[];
  readonly splits: readonly Split[];
}

export function groupOf(pictures: readonly AuditedPicture[]): PictureGroup {
  return {
    pictures,
    labels: [...new Set(pictures.map(({ label }) => label))].sort(),
    splits: [...new Set(pictures.map(({ split }) => split))].sort(),
  };
}

export function isConflicting({ labels }: PictureGroup): boolean {
  return labels.length > 1;
}

export function crossesSplits({ splits }: PictureGroup): boolean {
  return splits.length > 1;
}
