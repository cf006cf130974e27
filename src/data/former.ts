/**
 * Data sets as read by earlier versions, with samples in the order of the named folders and of rows. Fingerprints and ids in
 * runs and models of those versions refer to them.
 */

import { canonicalId } from "./canonical.ts";
import { type Dataset, digestOf, type Sample } from "./dataset.ts";

/** Returns the samples in their former order under their former ids, with the former fingerprint. */
export function asFormerly({ formerIds, ...dataset }: Dataset): Dataset {
  const samples = formerIds ? formerOrder(dataset.samples, formerIds) : dataset.samples;
  return { ...dataset, samples, fingerprint: formerFingerprintOf(dataset.classes, samples) };
}

function formerOrder(samples: readonly Sample[], formerIds: ReadonlyMap<string, string>): Sample[] {
  const byId = new Map(samples.map((sample) => [sample.id, sample]));
  return [...formerIds].flatMap(([id, formerId]) => {
    const sample = byId.get(id);
    return sample ? [{ ...sample, id: formerId }] : [];
  });
}

/**
 * Whether former ids are ambiguous. Of two folders of one name, the first was `photos` and the second `photos 2`; in another
 * order they are swapped, and no fingerprint reveals it.
 */
export function areFormerIdsUnsure({ formerIds = new Map() }: Dataset): boolean {
  return [...formerIds].some(([id, former]) => canonicalId(former) !== id);
}

/** Whether `fingerprint`, by the current or the former rule, identifies the data set. */
export function hasFingerprint(dataset: Dataset, fingerprint: string | undefined): boolean {
  if (fingerprint === undefined) return false;
  return dataset.fingerprint === fingerprint || asFormerly(dataset).fingerprint === fingerprint;
}

function formerFingerprintOf(classes: readonly string[], samples: readonly Sample[]): string {
  const lines = samples.map(({ id, label, split, votes }) => JSON.stringify([id, label, split, votes ?? 0]));
  return digestOf([JSON.stringify(classes), ...lines.sort()]);
}
