/** The type of a data set, independent of its source: labelled images, each in one split. */

/** The extent of an image; one channel is grey, three are sRGB. */
export interface PictureShape {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** A decoded image: rows of pixels, channels innermost (HWC), 0 to 255. */
export interface Picture extends PictureShape {
  readonly pixels: Uint8Array;
}

export const splits = ["train", "validation", "test"] as const;
export type Split = (typeof splits)[number];

/** Where an image's pixels come from: a file that is still encoded, or pixels that the source itself contains. */
export type SampleSource =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "pixels"; readonly picture: Picture };

export interface Sample {
  /** Stable between runs and machines: the path relative to the source, or the row of a CSV file. */
  readonly id: string;
  readonly source: SampleSource;
  /** Index into the data set's classes. */
  readonly label: number;
  /** A soft label: one share per class, summing to 1. */
  readonly votes?: readonly number[];
  /** Number of votes for these classes; only with `votes`. */
  readonly voteCount?: number;
  /** The number of votes for each name outside these classes; only with `votes`, and only if there are such votes. */
  readonly otherVotes?: Readonly<Record<string, number>>;
  readonly split: Split;
  /** The person in the image. vultus never places one person on two sides of a split. */
  readonly identity?: string;
  /** Groups whose scores may be reported separately, by column: `{ age: "30 to 39" }`. */
  readonly subgroups?: Readonly<Record<string, string>>;
}

export interface Dataset {
  /** The folders and files that it was read from. */
  readonly sources: readonly string[];
  readonly classes: readonly string[];
  readonly samples: readonly Sample[];
  /** Classes that were found but not chosen. */
  readonly leftOut: readonly { readonly className: string; readonly count: number }[];
  /** Notes for the user: names matched, classes left out, splits cut. */
  readonly notes: readonly string[];
  /**
   * Hexadecimal; changes when an image's id, label, votes, split or identity or the classes change, but not with the order of
   * reading. It includes neither pixels nor votes outside the classes: no training depends on the latter.
   */
  readonly fingerprint: string;
  /**
   * The ids of samples in versions that kept the reading order, by today's ids and in that order (`former.ts`);
   * missing if a data set was not read from sources.
   */
  readonly formerIds?: ReadonlyMap<string, string>;
  /** Names in the sources that a caller assigned to classes (`rename`), and these classes. */
  readonly rename?: Readonly<Record<string, string>>;
  /** Names in the sources that a caller declared not to be classes (`notAClass`). */
  readonly notAClass?: readonly string[];
  /** Names in the sources whose class was determined by a word in them. */
  readonly byWord?: readonly string[];
}

/** Returns the indices into `samples` of one split, in order. */
export function indicesOf(samples: readonly Sample[], split: Split): number[] {
  return samples.flatMap((sample, index) => (sample.split === split ? [index] : []));
}

/** Returns the number of samples of each class. */
export function classCounts(samples: readonly Sample[], classCount: number): number[] {
  const counts = new Array<number>(classCount).fill(0);
  for (const { label } of samples) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}

/** Returns the data set's fingerprint: a hash of 128 bits over its classes and its sorted samples. */
export function fingerprintOf(classes: readonly string[], samples: readonly Sample[]): string {
  const lines = samples.map(({ id, label, split, votes, voteCount, identity }) =>
    JSON.stringify([id, label, split, votes ?? 0, voteCount ?? 0, identity ?? 0]),
  );
  return digestOf(["vultus data 2", JSON.stringify(classes), ...lines.sort()]);
}

/** Returns a hash of 128 bits over lines of text, as hexadecimal digits. */
export function digestOf(lines: readonly string[]): string {
  const text = lines.join("\n");
  return [0, 1, 2, 3].map((lane) => hash32(text, lane).toString(16).padStart(8, "0")).join("");
}

/** Hashes UTF-16 units with MurmurHash3's 32-bit steps: enough to detect a change, but not an attack. */
function hash32(text: string, seed: number): number {
  let h = Math.imul(seed + 1, 0x9e3779b9);
  for (let i = 0; i < text.length; i++) {
    let k = Math.imul(text.charCodeAt(i), 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
