/** Finds copies and faults in one pass over the pixels of a data set. */

import type { Sample } from "../data/dataset.ts";
import { decodeAll } from "../data/decode-all.node.ts";
import { pixelHash } from "../data/pixel-hash.node.ts";
import type { Grouping } from "../data/split.ts";
import { greyOf, thumbnail } from "../data/thumbnail.ts";
import type { Unreadable } from "../data/unreadable.ts";
import { indicesByKey } from "../util/disjoint-sets.ts";
import { findNearDuplicates } from "./near-duplicates.ts";
import { type Fault, faultsOf, qualityOf } from "./quality.ts";

export type AuditProgress = (stage: "reading" | "comparing", done: number, total: number) => void;

/** Data kept per image after the pass: about a kilobyte. */
export interface Trace {
  readonly sample: Sample;
  readonly hash: string;
  readonly thumbnail: Uint8Array;
  readonly faults: readonly Fault[];
}

/** Groups of copies; the lists hold indices into `traces`. */
export interface Copies {
  readonly traces: readonly Trace[];
  readonly unreadable: readonly Unreadable[];
  /** Groups of pixel-identical images; most contain one image. */
  readonly identical: readonly (readonly number[])[];
  /** Groups of images that look the same but are not all identical, including identical copies. */
  readonly alike: readonly (readonly number[])[];
}

export async function findCopies(samples: readonly Sample[], onProgress: AuditProgress): Promise<Copies> {
  const { traces, unreadable } = await readTraces(samples, (done, total) =>
    onProgress("reading", done, total),
  );
  const identical = indicesByKey(traces.map(({ hash }) => hash));
  const alike = lookAlikes(traces, identical, (done, total) => onProgress("comparing", done, total));
  return { traces, unreadable, identical, alike };
}

/** Returns a grouping that keeps all copies of a sample together when data is split or folded. */
export function byLooks({ traces, identical, alike }: Copies): Grouping {
  const groups = new Map<string, string>();
  for (const indices of [...identical, ...alike]) {
    const [first = 0] = indices;
    if (indices.length > 1)
      for (const index of indices) groups.set(traces[index]?.sample.id ?? "", `${first}`);
  }
  return ({ id }) => groups.get(id);
}

/**
 * Decodes images at full size, because reduced images may be equal even if the originals are not. Keeps the order of
 * `samples`.
 */
export async function readTraces(
  samples: readonly Sample[],
  onProgress: (done: number, total: number) => void = () => {},
): Promise<{ traces: Trace[]; unreadable: Unreadable[] }> {
  const found: (Trace | undefined)[] = new Array(samples.length).fill(undefined);
  const unreadable = await decodeAll(samples, { onProgress }, (index, picture) => {
    const grey = greyOf(picture);
    found[index] = {
      sample: samples[index] as Sample,
      hash: pixelHash(picture),
      thumbnail: thumbnail(grey),
      faults: faultsOf(qualityOf(picture, grey)),
    };
  });
  return { traces: found.filter((trace) => trace !== undefined), unreadable };
}

/**
 * Returns groups of indices into `traces`. One image represents its identical copies. Blank images are skipped: they
 * all look alike.
 */
function lookAlikes(
  traces: readonly Trace[],
  identical: readonly (readonly number[])[],
  onProgress: (done: number, total: number) => void,
): number[][] {
  const distinct = identical.flatMap((indices) => {
    const trace = traces[indices[0] as number];
    return trace && !trace.faults.includes("blank") ? [{ indices, thumbnail: trace.thumbnail }] : [];
  });
  const groups = findNearDuplicates(
    distinct.map((one) => one.thumbnail),
    { onProgress },
  );
  return groups.map((members) =>
    members.flatMap((member) => distinct[member]?.indices ?? []).sort((a, b) => a - b),
  );
}
