/** The inputs of jobs: data sets by path or already read, and models by path or already loaded. */

import { type AssembleOptions, assemble, type RawSample } from "../data/assemble.ts";
import { sortedById } from "../data/canonical.ts";
import { checkNaming, type Renames, UnclearNames } from "../data/class-names.ts";
import { readCorrected } from "../data/corrections.node.ts";
import { isTable } from "../data/data-files.node.ts";
import { type Dataset, fingerprintOf } from "../data/dataset.ts";
import { excludeListed } from "../data/exclude.node.ts";
import { refuseAbsent } from "../data/find-images.node.ts";
import { classKey } from "../data/names.ts";
import { type ReadOptions, readDataset } from "../data/read.node.ts";
import type { BackboneOptions } from "../models/registry.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { UsageError } from "../util/errors.ts";
import { shippedModel } from "../weights/shipped.node.ts";

/** A folder or CSV file of labelled images, several of them, or a data set as `readDataset` returns it. */
export type DataSource = string | readonly string[] | Dataset;

/** What names in the data mean, and which labels are wrong. */
export interface NamingOptions {
  /**
   * The classes of folders or labels with unclear names: `{ "happy_or_content": "happy" }`. A name mapped to itself is a separate
   * class.
   */
  readonly rename?: Renames | undefined;
  /**
   * Folders, labels or vote columns that are not a class: `["unknown", "not_a_face"]`. Images with such a label, or with most
   * votes for it, are left out. On other images, votes for it still count towards the number of people asked.
   */
  readonly notAClass?: readonly string[] | undefined;
  /** A file of labels that a person corrected, as `review` writes it. */
  readonly corrections?: string | undefined;
}

/** How labelled data is read: which classes, under which names, and without which images. */
export interface DataOptions extends NamingOptions {
  /** Classes to use, in this order. Default: all classes found. */
  readonly classes?: readonly string[] | undefined;
  /** A file that lists images to leave out, one id per line, as an audit writes it. */
  readonly exclude?: string | undefined;
}

/** A run folder, a file written by a run or an export, the name of a shipped model, or a loaded model. */
export type ModelSource = string | { readonly bundle: Bundle };

/**
 * Reads the data, or takes a data set that was already read, with the classes and without the images that `options` name. The
 * order of the samples does not matter.
 *
 * @throws UsageError for a missing source or class, or for a data set with an invalid label or id; UnclearNames for classes that
 * `rename` must name; FormatError for an invalid file.
 */
export async function openDataset(data: DataSource, options: ReadOptions = {}): Promise<Dataset> {
  checkNaming(options);
  if (typeof data === "string") return openDataset([data], options);
  if (data instanceof Array) {
    const read = await readDataset(data, options);
    const table = data.find(isTable);
    const files = read.samples.flatMap(({ source }) => (source.kind === "file" ? [source.path] : []));
    if (table !== undefined && files.length === read.samples.length) refuseAbsent(table, files);
    return read;
  }
  if (!Array.isArray(data?.samples) || !Array.isArray(data.classes)) {
    throw new UsageError(
      "data is not a data set: give a folder that has one folder of images per class, a CSV file, several of these, or the result of readDataset",
    );
  }
  const { exclude, corrections, ...ofClasses } = options;
  const corrected = await readCorrected(corrections);
  const chosen = withClasses(canonical(data), { ...ofClasses, corrected });
  return exclude === undefined ? chosen : excludeListed(chosen, exclude);
}

/** Brings a caller's own data set into the canonical order of samples, and computes its fingerprint. */
function canonical(dataset: Dataset): Dataset {
  const { classes, samples } = dataset;
  const ids = new Set<string>();
  for (const { id, label } of samples) {
    if (ids.has(id))
      throw new UsageError(
        `the data set is invalid: two images have the id "${id}"; give each image its own id`,
      );
    ids.add(id);
    if (classes[label] === undefined)
      throw new UsageError(
        `the data set is invalid: the label of "${id}" is ${label}; with ${classes.length} classes it must be a whole number from 0 to ${classes.length - 1}`,
      );
  }
  const sorted = sortedById(samples);
  return { ...dataset, samples: sorted, fingerprint: fingerprintOf(classes, sorted) };
}

/**
 * Like `openDataset`, for data that a run or a model may know by its fingerprint. If only the class names as matched by earlier
 * versions give data that `isKnown`, they are matched in that way.
 */
export async function openKnownDataset(
  data: DataSource,
  options: ReadOptions,
  isKnown: (dataset: Dataset) => boolean,
): Promise<Dataset> {
  const read = await openDataset(data, options).catch((error: unknown) => {
    if (error instanceof UnclearNames) return error;
    throw error;
  });
  if (!(read instanceof UnclearNames) && (!read.byWord || isKnown(read))) return read;
  const former = await openDataset(data, { ...options, byWord: false }).catch(() => undefined);
  if (former && isKnown(former)) return former;
  if (read instanceof UnclearNames) throw read;
  return read;
}

/** Returns the data set with these classes, in this order and renamed as given; samples of other classes are left out. */
export function withClasses(dataset: Dataset, options: AssembleOptions): Dataset {
  const { classes, samples, sources, leftOut, notes, rename: settled = {}, notAClass: gone = [] } = dataset;
  const rename = Object.fromEntries(
    Object.entries(options.rename ?? {}).filter(([name]) => !Object.hasOwn(settled, name)),
  );
  const outside = [...gone, ...leftOut.map(({ className }) => className)].map(classKey);
  const notAClass = (options.notAClass ?? []).filter((name) => !outside.includes(classKey(name)));
  const isRenamed = Object.keys(rename).length > 0;
  const wanted = options.classes ?? classes;
  if (
    !options.corrected &&
    !isRenamed &&
    notAClass.length === 0 &&
    wanted.length === classes.length &&
    wanted.every((name, i) => name === classes[i])
  )
    return dataset;
  const raw = samples.map(({ label, votes, voteCount = 1, ...rest }): RawSample => {
    if (!votes) return { ...rest, className: classes[label] as string };
    const counts = classes.map((name, i) => [name, (votes[i] as number) * voteCount] as const);
    return { ...rest, votes: new Map(counts) };
  });
  const path = sources.length > 0 ? sources.join(", ") : "the data set";
  // Names that the caller chose are not checked again.
  const own = Object.fromEntries(Object.values(settled).map((name) => [name, name]));
  const chosen = assemble([{ path, classNames: classes, samples: raw, notes }], {
    ...options,
    rename,
    notAClass,
    remembered: { ...options.remembered, rename: { ...options.remembered?.rename, ...own } },
  });
  const { formerIds = chosen.formerIds } = dataset;
  const all = { ...settled, ...rename };
  const none = [...gone, ...(chosen.notAClass ?? [])];
  return {
    ...chosen,
    sources,
    leftOut: [...leftOut, ...chosen.leftOut],
    ...(formerIds && { formerIds }),
    ...(Object.keys(all).length > 0 && { rename: all }),
    ...(none.length > 0 && { notAClass: none }),
  };
}

/** Returns the path of a model, for messages and for files next to it. Default: the shipped model. */
export function pathOf(model: ModelSource | undefined): string {
  if (model === undefined) return shippedModel();
  return typeof model === "string" ? model : model.bundle.path;
}

/**
 * Returns the model's bundle. Only weights, which must be compiled first, need a backbone that is registered or `known`.
 *
 * @throws UsageError for a model that does not exist; FormatError for a file that is not a model.
 */
export function bundleOf(model: ModelSource | undefined, known: BackboneOptions = {}): Bundle {
  return typeof model === "object" ? model.bundle : loadBundle(pathOf(model), known);
}
