/** Labels that a person corrected: decisions on images, stored next to the data, which does not change. */

import { csvRow } from "../formats/csv.ts";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import type { Split } from "./dataset.ts";
import { classKey } from "./names.ts";

/** A user's decision on an image. */
export type Decision =
  | { readonly kind: "keep" }
  | { readonly kind: "relabel"; readonly label: string }
  | { readonly kind: "leave out" };

export interface Correction {
  readonly decision: Decision;
  /** The label in the data at the time of the decision. */
  readonly from: string;
  /** ISO 8601. */
  readonly when: string;
}

/** Corrections by image id, in the order of the file. */
export type Corrections = ReadonlyMap<string, Correction>;

/** Corrections and their file. */
export interface Corrected {
  readonly corrections: Corrections;
  readonly path: string;
}

/** Columns of corrections.csv. An equal new label keeps the image; an empty one leaves it out. */
export const correctionColumns = ["image", "old_label", "new_label", "when"] as const;

/** Returns the text of corrections.csv. */
export function correctionsText(corrections: Corrections): string {
  const rows = [...corrections].map(([id, { decision, from, when }]) => [
    id,
    from,
    newLabel(decision, from),
    when,
  ]);
  return [correctionColumns, ...rows].map((cells) => `${csvRow(cells)}\n`).join("");
}

function newLabel(decision: Decision, from: string): string {
  if (decision.kind === "relabel") return decision.label;
  return decision.kind === "keep" ? from : "";
}

/** Returns the decision that a row's labels represent. */
export function decisionOf(from: string, to: string): Decision {
  if (to === "") return { kind: "leave out" };
  return to === from ? { kind: "keep" } : { kind: "relabel", label: to };
}

/** Applies corrections while a data set is assembled, and counts their effects. */
export interface Corrector {
  /** Returns the valid label for an image that the data labels `label`; undefined if it is to be left out. */
  labelFor(image: { readonly id: string; readonly split: Split }, label: string): string | undefined;
  /** Returns notes for the user, after all images. */
  notes(): string[];
}

/** @throws UsageError for a new label that is not in `classes`, the classes of the data. */
export function correctorOf({ corrections, path }: Corrected, classes: readonly string[]): Corrector {
  const byKey = new Map(classes.map((name) => [classKey(name), name]));
  for (const { decision } of corrections.values()) {
    if (decision.kind !== "relabel" || byKey.has(classKey(decision.label))) continue;
    throw new UsageError(
      `${path}: there is no class "${decision.label}".${didYouMean(decision.label, classes)} The data has ${classes.join(", ")}`,
    );
  }
  const isSame = (a: string, b: string): boolean => classKey(a) === classKey(b);
  let [found, relabelled, leftOut, stale, scored] = [0, 0, 0, 0, 0];
  return {
    labelFor({ id, split }, label) {
      const correction = corrections.get(id);
      if (!correction) return label;
      found++;
      const { decision, from } = correction;
      if (decision.kind === "leave out") {
        leftOut++;
        if (split !== "train") scored++;
        return undefined;
      }
      if (decision.kind === "keep" || isSame(label, decision.label)) return label;
      if (!isSame(label, from)) {
        stale++;
        return label;
      }
      relabelled++;
      if (split !== "train") scored++;
      return byKey.get(classKey(decision.label));
    },
    notes() {
      const unknown = corrections.size - found;
      return [
        `${path}: ${images(relabelled)} relabelled, ${leftOut} left out`,
        ...(scored > 0
          ? [
              `${path}: ${scored} of them ${scored === 1 ? "is a validation or test image" : "are validation or test images"}: scores are not comparable with those on the original labels`,
            ]
          : []),
        ...(stale > 0
          ? [
              `${path}: the ${stale === 1 ? "label" : "labels"} of ${images(stale)} ${stale === 1 ? "has" : "have"} changed since ${stale === 1 ? "it was" : "they were"} reviewed; the data's ${stale === 1 ? "label is" : "labels are"} used`,
            ]
          : []),
        ...(unknown > 0
          ? [`${path}: ${images(unknown)} ${unknown === 1 ? "is" : "are"} not in the data`]
          : []),
      ];
    },
  };
}

function images(count: number): string {
  return `${count} image${count === 1 ? "" : "s"}`;
}
