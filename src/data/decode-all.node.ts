/** Decodes every image of a data set once, a few at a time, and keeps a list of those that cannot be read. */

import { VultusError } from "../util/errors.ts";
import type { Picture, Sample } from "./dataset.ts";
import { type DecodeOptions, readPicture } from "./decode.node.ts";
import { type Unreadable, type WhyUnreadable, whyUnreadable } from "./unreadable.ts";

export interface DecodeAllOptions extends DecodeOptions {
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** Twice the four threads that Node uses for files and images, to keep them busy; more did not help on two cores. */
const concurrency = 8;
const unreadableAllowed = 0.01;

/**
 * Calls `visit` with each sample's index and image as soon as it is decoded, in no fixed order. Samples that cannot
 * be read are skipped and returned in the order of `samples`.
 *
 * @throws VultusError if the signal aborts.
 */
export async function decodeAll(
  samples: readonly Sample[],
  options: DecodeAllOptions,
  visit: (index: number, picture: Picture) => void,
): Promise<Unreadable[]> {
  const reasons = new Map<number, WhyUnreadable>();
  let next = 0;
  let done = 0;
  let stopped = false;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < samples.length && !stopped; index = next++) {
      if (options.signal?.aborted)
        throw new VultusError("stopped while reading images; run the same command to start again");
      const sample = samples[index] as Sample;
      const picture = await readPicture(sample.source, options).catch((error: unknown) => {
        reasons.set(index, whyUnreadable(error));
      });
      if (stopped) return;
      if (picture) visit(index, picture);
      options.onProgress?.(++done, samples.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
  } catch (error) {
    // The other workers may still be decoding one image each; these must no longer be visited.
    stopped = true;
    throw error;
  }
  return [...reasons.entries()]
    .sort(([a], [b]) => a - b)
    .map(([index, why]) => ({ id: (samples[index] as Sample).id, ...why }));
}

/** @throws VultusError if more than 1 % of `total` images cannot be read, with the first few reasons. */
export function checkUnreadable(unreadable: readonly Unreadable[], total: number): void {
  if (unreadable.length <= unreadableAllowed * total) return;
  const share = ((100 * unreadable.length) / total).toFixed(1);
  const first = unreadable.slice(0, 5).map(({ id, reason }) => `\n  ${id}: ${reason}`);
  const more = unreadable.length > 5 ? `\n  … and ${unreadable.length - 5} more` : "";
  throw new VultusError(
    `${unreadable.length} of ${total} images (${share} %) cannot be read; up to 1 % are skipped. ` +
      `Repair or remove them, or allow them with --allow-unreadable.${first.join("")}${more}`,
  );
}
