/** Fits published weights to a classifier: what belongs to the backbone must be there in the right shape. */

import type { Architecture, Description } from "../models/classifier.ts";
import { FormatError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";

export interface Fitted {
  /** The backbone's tensors, and the head's where the file has a head of the same shapes. */
  readonly weights: StateDict;
  /** What a person should be told: what was left out. */
  readonly notes: readonly string[];
}

/** Takes from `found` what `architecture` needs; `name` is what errors call the file. */
export function fitWeights(
  found: StateDict,
  { backbone }: Architecture,
  { specs }: Description,
  name: string,
): Fitted {
  const weights: StateDict = new Map();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const spec of specs) {
    const tensor = found.get(spec.name);
    const shape = `[${spec.shape.join(", ")}]`;
    const head = spec.name.startsWith("head.");
    if (!tensor) {
      if (!head) missing.push(`${spec.name} ${shape}`);
    } else if (tensor.shape.join() === spec.shape.join()) {
      weights.set(spec.name, tensor);
    } else if (!head) {
      misshapen.push(
        `${spec.name} has shape [${tensor.shape.join(", ")}], ${backbone.name} expects ${shape}`,
      );
    }
  }
  const known = new Set(specs.map((spec) => spec.name));
  const rest = [...found.keys()].filter((key) => !known.has(key) && !key.endsWith(".num_batches_tracked"));
  const classifier = rest.filter((key) => key.startsWith(backbone.classifier) || key.startsWith("head."));
  const unexpected = rest.filter((key) => !classifier.includes(key));
  if (missing.length + misshapen.length + unexpected.length > 0) {
    throw new FormatError(
      [
        `${name} does not fit ${backbone.name}:`,
        ...list("missing", missing),
        ...list("misshapen", misshapen),
        ...list("unexpected", unexpected),
        `give weights of ${backbone.name} with torchvision's names, or choose the backbone that they belong to with --model`,
      ].join("\n"),
    );
  }
  // A head counts only as a whole.
  const headSpecs = specs.filter((spec) => spec.name.startsWith("head."));
  const notes =
    classifier.length > 0 ? [`left out of ${name}: its own classifier (${classifier.join(", ")})`] : [];
  if (!headSpecs.every((spec) => weights.has(spec.name)))
    for (const { name } of headSpecs) weights.delete(name);
  return { weights, notes };
}

/** Up to five names and how many more there are. */
function list(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? `\n    and ${names.length - 5} more` : "";
  return [`  ${title}:\n    ${names.slice(0, 5).join("\n    ")}${more}`];
}
