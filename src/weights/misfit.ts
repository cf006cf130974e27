/** What to say of weights that do not fit a network: which tensors, and of which network they are. */

import { type Architecture, describe } from "../models/classifier.ts";
import { backbones } from "../models/registry.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { FormatError } from "../util/errors.ts";
import { type StateDict, sizeOf } from "../util/tensor.ts";
import { canonicalNames, isOfClassifier } from "./canonical-names.ts";

/** What is wrong with a file's tensors. */
export interface Misfit {
  readonly missing: ParameterSpec[];
  readonly misshapen: { readonly spec: ParameterSpec; readonly shape: readonly number[] }[];
  readonly unexpected: string[];
}

/** The error for them; `name` is what it calls the file. */
export function refusal(
  { missing, misshapen, unexpected }: Misfit,
  found: StateDict,
  architecture: Architecture,
  name: string,
): FormatError {
  const { backbone } = architecture;
  const owners = backbonesOf(found, architecture).filter((owner) => owner !== backbone.name);
  const text = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
  return new FormatError(
    [
      `${name} does not fit ${backbone.name}:`,
      ...list(
        "missing",
        missing.map((spec) => `${spec.name} ${text(spec.shape)}`),
      ),
      ...list(
        "misshapen",
        misshapen.map(
          ({ spec, shape }) =>
            `${spec.name} has shape ${text(shape)}, ${backbone.name} expects ${text(spec.shape)}`,
        ),
      ),
      ...list("unexpected", unexpected),
      owners.length > 0
        ? `its tensors are those of ${owners.join(" or ")}: choose it with --model, or give weights of ${backbone.name}`
        : `give weights of ${backbone.name} with ${backbone.origin ? `${backbone.origin.library}'s` : "its own"} names, or choose the backbone that they belong to with --model`,
    ].join("\n"),
  );
}

/** The registered backbones whose tensors these are, all of them and no others, in their sizes. */
function backbonesOf(found: StateDict, architecture: Architecture): string[] {
  return backbones
    .filter((backbone) => {
      const other = { ...architecture, backbone, inputSize: backbone.preprocessing.size };
      const tensors = canonicalNames(found, other);
      const own = describe(other).specs.filter(({ name }) => !name.startsWith("head."));
      const theirs = [...tensors].filter(
        ([name]) => !isOfClassifier(name, other) && !name.endsWith(".num_batches_tracked"),
      );
      const sizes = new Map(theirs.map(([name, { shape }]) => [name, sizeOf(shape)]));
      return own.length === sizes.size && own.every(({ name, shape }) => sizes.get(name) === sizeOf(shape));
    })
    .map(({ name }) => name);
}

/** Up to five names and how many more there are. */
function list(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? `\n    and ${names.length - 5} more` : "";
  return [`  ${title}:\n    ${names.slice(0, 5).join("\n    ")}${more}`];
}
