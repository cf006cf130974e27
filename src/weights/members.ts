/** Extracts the networks of an ensemble from its file. */

import type { BackboneOptions } from "../models/registry.ts";
import type { StateDict } from "../util/tensor.ts";
import { type Classifier, classifierOf, type WeightsFile } from "./classifier.ts";
import {
  type Answering,
  answeringOf,
  type DescribedArchitecture,
  type Metadata,
  readArchitecture,
} from "./classifier-file.ts";
import { type Ensemble, memberScope, readEnsemble } from "./ensemble-file.ts";

/** A classifier with its weight in the mean of several classifiers' probabilities. */
export interface Member extends Classifier, Answering {
  readonly name: string;
  /** Relative to the others'. */
  readonly weight: number;
}

/** The classifiers in a file, and the file's metadata. */
export interface MembersFile {
  readonly architecture: DescribedArchitecture;
  readonly metadata: Metadata;
  /** Where it was read from. */
  readonly path: string;
  /** One or more, of the same classes in any order. */
  readonly members: readonly Member[];
}

/**
 * The members of an ensemble, or the one classifier that a file holds, with the weight 1; `name` is its name then, `path` the
 * file's in errors.
 *
 * @throws UsageError if a backbone is unknown; FormatError for a file that is damaged.
 */
export function membersIn(
  { tensors, metadata }: WeightsFile,
  path: string,
  name: string,
  options: BackboneOptions = {},
): MembersFile {
  const architecture = readArchitecture(metadata, path);
  const ensemble = readEnsemble(metadata, path);
  if (!ensemble)
    return {
      architecture,
      metadata,
      path,
      members: [member({ name, weight: 1, metadata }, tensors, path, options)],
    };
  const members = ensemble.members.map((one, k) => {
    const prefix = `${memberScope(k)}.`;
    const own = [...tensors].flatMap(([key, tensor]) =>
      key.startsWith(prefix) ? ([[key.slice(prefix.length), tensor]] as const) : [],
    );
    return member(one, new Map(own), `${path} (its member ${one.name})`, options);
  });
  return { architecture, metadata, path, members };
}

function member(
  { name, weight, metadata }: Ensemble["members"][number],
  tensors: StateDict,
  path: string,
  options: BackboneOptions,
): Member {
  return {
    ...classifierOf({ tensors, metadata }, path, options),
    name,
    weight,
    ...answeringOf(metadata, path),
  };
}
