/** The inputs of jobs: data sets by path or already read, and models by path or already loaded. */

import { assemble, type ClassOptions, type RawSample } from "../data/assemble.ts";
import { sortedById } from "../data/canonical.ts";
import { type Dataset, fingerprintOf } from "../data/dataset.ts";
import { excludeListed } from "../data/exclude.node.ts";
import { classKey } from "../data/names.ts";
import { type ReadOptions, readDataset } from "../data/read.node.ts";
import type { BackboneOptions } from "../models/registry.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { UsageError } from "../util/errors.ts";
import { shippedModel } from "../weights/shipped.node.ts";

/** A folder or CSV file of labelled images, several of them, or a data set as `readDataset` returns it. */
export type DataSource = string | readonly string[] | Dataset;

/** A run folder, a file that a run or an export wrote, the name of a model that ships, or a loaded model. */
export type ModelSource = string | { readonly bundle: Bundle };

/**
 * Reads the data, or takes a data set that was read, with the classes and without the images that `options` name,
 * whichever the order of its samples.
 *
 * @throws UsageError for a source or a class that is missing, or a data set with a label or an id that cannot be; FormatError for a file that is wrong inside.
 */
export async function openDataset(data: DataSource, options: ReadOptions = {}): Promise<Dataset> {
  if (typeof data === "string") return readDataset([data], options);
  if (data instanceof Array) return readDataset(data, options);
  if (!Array.isArray(data?.samples) || !Array.isArray(data.classes)) {
    throw new UsageError(
      "data is no data set: name a folder with one folder of images per class, a CSV file, several of them, or give what readDataset returns",
    );
  }
  const { exclude, ...ofClasses } = options;
  const chosen = withClasses(canonical(data), ofClasses);
  return exclude === undefined ? chosen : excludeListed(chosen, exclude);
}

/** A data set of the caller's own making in the one order that samples have, with the fingerprint that follows from them. */
function canonical(dataset: Dataset): Dataset {
  const { classes, samples } = dataset;
  const ids = new Set<string>();
  for (const { id, label } of samples) {
    if (ids.has(id))
      throw new UsageError(`the data set is wrong: two images have the id "${id}"; give each its own`);
    ids.add(id);
    if (classes[label] === undefined)
      throw new UsageError(
        `the data set is wrong: the label of "${id}" is ${label}; with ${classes.length} classes it must be a whole number from 0 to ${classes.length - 1}`,
      );
  }
  const sorted = sortedById(samples);
  return { ...dataset, samples: sorted, fingerprint: fingerprintOf(classes, sorted) };
}

/** The data set with these classes, in this order; samples of other classes are left out. */
export function withClasses(dataset: Dataset, options: ClassOptions): Dataset {
  const { classes, samples, sources, leftOut, notes } = dataset;
  const wanted = options.classes ?? classes;
  if (wanted.length === classes.length && wanted.every((name, i) => name === classes[i])) return dataset;
  const raw = samples.map(({ label, votes, voteCount = 1, ...rest }): RawSample => {
    if (!votes) return { ...rest, className: classes[label] as string };
    const counts = classes.map((name, i) => [classKey(name), (votes[i] as number) * voteCount] as const);
    return { ...rest, votes: new Map(counts) };
  });
  const path = sources.length > 0 ? sources.join(", ") : "the data set";
  const chosen = assemble([{ path, classNames: classes, samples: raw, notes }], options);
  const { formerIds = chosen.formerIds } = dataset;
  return {
    ...chosen,
    sources,
    leftOut: [...leftOut, ...chosen.leftOut],
    ...(formerIds && { formerIds }),
  };
}

/** The path of a model, for messages and for files beside it. Default: the model that ships. */
export function pathOf(model: ModelSource | undefined): string {
  if (model === undefined) return shippedModel();
  return typeof model === "string" ? model : model.bundle.path;
}

/**
 * The model's bundle. Only weights, which must be compiled first, need a backbone that is registered or `known`.
 *
 * @throws UsageError for a model that does not exist; FormatError for a file that is not a model.
 */
export function bundleOf(model: ModelSource | undefined, known: BackboneOptions = {}): Bundle {
  return typeof model === "object" ? model.bundle : loadBundle(pathOf(model), known);
}
