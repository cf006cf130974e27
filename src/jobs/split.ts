/** Cuts train, validation and test splits as a manifest, and keeps copies of an image, and images of a person, together. */

import { byLooks, type Copies, findCopies } from "../audit/copies.node.ts";
import { classCounts, type Dataset, indicesOf, type Split, splits } from "../data/dataset.ts";
import { resplit } from "../data/resplit.ts";
import { byIdentity, type Grouping, groupsOf } from "../data/split.ts";
import { type DataOptions, type DataSource, openDataset } from "./data.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { newManifest } from "./manifest.ts";

/** Default share of the validation images. */
export const DEFAULT_VALIDATION = 0.2;

export interface SplitOptions extends DataOptions {
  readonly data: DataSource;
  /** The manifest to write, a CSV file that other jobs read. It must not exist yet. */
  readonly out: string;
  /** Share of each class to validate on, from 0 to 1. Default: 0.2, unless `test` is given. */
  readonly validation?: number | undefined;
  /** Share of each class to test on once, at the end. */
  readonly test?: number | undefined;
  /** Seed of the cut. Default: 0. */
  readonly seed?: number | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** The images of one split. */
export interface SplitPart {
  readonly pictures: number;
  /** Share of all images, or of the images of the class. */
  readonly share: number;
}

/** What `data split --json` prints. */
export interface SplitResult {
  readonly manifest: string;
  readonly seed: number;
  readonly pictures: number;
  readonly splits: Partial<
    Record<Split, SplitPart & { readonly perClass: Readonly<Record<string, SplitPart>> }>
  >;
  readonly groups: {
    readonly identical: number;
    readonly nearDuplicates: number;
    readonly people: number;
    /** Number of groups of two or more images that stay together, after merging overlapping groups, and of their images. */
    readonly keptTogether: number;
    readonly picturesInThem: number;
  };
  readonly unreadable: number;
  readonly notes: readonly string[];
}

/**
 * If the data already has a split, it is cut again if its share is given, and kept otherwise. No image is copied or changed.
 *
 * @throws UsageError if `out` exists, if no manifest can describe the data, or for shares that cannot be cut.
 */
export function split(options: SplitOptions): Promise<SplitResult> {
  return telling(options.onEvent, (teller) => cutInto(options, teller));
}

async function cutInto(options: SplitOptions, teller: Teller): Promise<SplitResult> {
  const { data, out, test, seed = 0, classes, rename, notAClass, corrections, exclude } = options;
  const manifest = newManifest(out);
  const validation = options.validation ?? (test === undefined ? DEFAULT_VALIDATION : undefined);
  const shares = { ...(validation !== undefined && { validation }), ...(test !== undefined && { test }) };
  const chosen = await openDataset(data, { classes, rename, notAClass, corrections, exclude });
  // Fails before the long reading if no manifest can describe the data or the shares cannot be cut.
  manifest.check(chosen);
  resplit(chosen, { ...shares, seed });

  const copies = await findCopies(chosen.samples, teller.progress);
  teller.unreadable(copies.unreadable);
  const unreadable = new Set(copies.unreadable.map(({ id }) => id));
  const readable = { ...chosen, samples: chosen.samples.filter(({ id }) => !unreadable.has(id)) };
  const groupings = [byIdentity, byLooks(copies)];
  const cut = resplit(readable, { ...shares, seed, groupings });
  manifest.write(cut);
  teller.wrote(out);
  return { manifest: out, seed, ...summaryOf(cut, copies, groupings), notes: cut.notes };
}

function summaryOf(
  { classes, samples }: Dataset,
  copies: Copies,
  groupings: readonly Grouping[],
): Pick<SplitResult, "pictures" | "splits" | "groups" | "unreadable"> {
  const all = classCounts(samples, classes.length);
  const together = groupsOf(samples, groupings).filter(({ length }) => length > 1);
  const parts = splits.flatMap((side) => {
    const own = indicesOf(samples, side).flatMap((index) => samples[index] ?? []);
    if (own.length === 0) return [];
    const counts = classCounts(own, classes.length);
    const perClass = classes.map((name, k) => {
      const pictures = counts[k] as number;
      return [name, { pictures, share: pictures / (all[k] as number) }] as const;
    });
    const share = own.length / samples.length;
    return [[side, { pictures: own.length, share, perClass: Object.fromEntries(perClass) }] as const];
  });
  return {
    pictures: samples.length,
    splits: Object.fromEntries(parts),
    groups: {
      identical: copies.identical.filter(({ length }) => length > 1).length,
      nearDuplicates: copies.alike.length,
      people: new Set(samples.flatMap(({ identity }) => identity ?? [])).size,
      keptTogether: together.length,
      picturesInThem: together.reduce((sum, { length }) => sum + length, 0),
    },
    unreadable: copies.unreadable.length,
  };
}
