/** Fits published weights to a classifier: what belongs to the backbone must be there in the right shape. */

import type { Architecture, Description } from "../models/classifier.ts";
import { FormatError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { canonicalNames } from "./canonical-names.ts";

export interface Fitted {
  /** The backbone's tensors, and the head's where the file has a head of the same shapes. */
  readonly weights: StateDict;
  /** What a person should be told: what was left out. */
  readonly notes: readonly string[];
}

/**
 * Takes from `found` what `architecture` needs; `name` is what errors call the file, `classes` are those that its head
 * tells apart, where it says so: a head for other classes is left out.
 */
export function fitWeights(
  found: StateDict,
  architecture: Architecture,
  { specs }: Description,
  name: string,
  classes?: readonly string[],
): Fitted {
  const { backbone } = architecture;
  const tensors = canonicalNames(found, architecture);
  const otherClasses = classes !== undefined && classes.join("\n") !== architecture.classes.join("\n");
  const weights: StateDict = new Map();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const spec of specs) {
    const tensor = tensors.get(spec.name);
    const shape = `[${spec.shape.join(", ")}]`;
    const head = spec.name.startsWith("head.");
    if (head && otherClasses) continue;
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
  // A head counts only as a whole.
  const headSpecs = specs.filter((spec) => spec.name.startsWith("head."));
  const whole = headSpecs.every((spec) => weights.has(spec.name));
  if (!whole) for (const { name } of headSpecs) weights.delete(name);
  const known = new Set(specs.map((spec) => spec.name));
  const theirs = backbone.torchvision?.classifier ?? "head";
  const isClassifier = (key: string): boolean => key.startsWith(`${theirs}.`) || key.startsWith("head.");
  const rest = [...tensors.keys()].filter(
    (key) => !weights.has(key) && !key.endsWith(".num_batches_tracked"),
  );
  const classifier = rest.filter(isClassifier);
  const unexpected = rest.filter((key) => !isClassifier(key) && !known.has(key));
  if (missing.length + misshapen.length + unexpected.length > 0) {
    throw new FormatError(
      [
        `${name} does not fit ${backbone.name}:`,
        ...list("missing", missing),
        ...list("misshapen", misshapen),
        ...list("unexpected", unexpected),
        `give weights of ${backbone.name} with ${backbone.torchvision ? "torchvision's" : "its own"} names, or choose the backbone that they belong to with --model`,
      ].join("\n"),
    );
  }
  const reason = otherClasses ? `, which tells apart ${classes.join(", ")}` : "";
  const notes = whole
    ? [`the head of ${name} is kept`]
    : classifier.length > 0
      ? [`left out of ${name}: its own classifier (${classifier.join(", ")})${reason}`]
      : [];
  return { weights, notes };
}

/** Up to five names and how many more there are. */
function list(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? `\n    and ${names.length - 5} more` : "";
  return [`  ${title}:\n    ${names.slice(0, 5).join("\n    ")}${more}`];
}
