/** The inputs of an ensemble, checked before the long work begins. */

import { accessSync, constants, existsSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { checkComparable } from "../evaluate/compare.node.ts";
import type { BackboneOptions } from "../models/registry.ts";
import { messageOf, UsageError, VultusError } from "../util/errors.ts";
import { makeFolder } from "../util/files.node.ts";
import { loadMembers } from "../weights/load.node.ts";
import type { Member, MembersFile } from "../weights/members.ts";
import { checkCard } from "./check-card.ts";
import { type ModelSource, pathOf } from "./data.ts";

/** Opens the models. @throws UsageError for fewer than two models, a model named twice, or models with different classes. */
export function openModels(
  models: readonly ModelSource[],
  options: BackboneOptions,
): readonly [MembersFile, ...MembersFile[]] {
  const files = models.map((model) => loadMembers(pathOf(model), options));
  const [first, ...others] = files;
  if (!first || others.length === 0)
    throw new UsageError(`an ensemble needs at least two models, got ${files.length}; add another one`);
  const seen = new Set<string>();
  for (const file of files) {
    const real = realpathSync(file.path);
    if (seen.has(real))
      throw new UsageError(
        `${file.path} is named twice; name each model once, and use --weights to give one more weight`,
      );
    seen.add(real);
    checkComparable(first, file);
  }
  return [first, ...others];
}

/**
 * Returns the weights of `count` models, which sum to 1; weights to be fitted start equal.
 *
 * @throws UsageError for another number of weights, a negative one, or nothing but zeros.
 */
export function givenWeights(
  asked: "equal" | "fit" | readonly number[],
  count: number,
  note: (text: string) => void,
): readonly number[] {
  if (typeof asked === "string") return new Array<number>(count).fill(1 / count);
  const given = asked.join(", ");
  if (asked.length !== count)
    throw new UsageError(`${asked.length} weights for ${count} models (${given}); give one weight per model`);
  if (!asked.every((weight) => Number.isFinite(weight) && weight >= 0))
    throw new UsageError(`the weights are ${given}; each must be a number of 0 or more`);
  const sum = asked.reduce((a, b) => a + b, 0);
  if (sum === 0) throw new UsageError(`the weights are ${given}; at least two must be above 0`);
  if (Math.abs(sum - 1) > 1e-6) note(`the weights sum to ${sum}; each was divided by that`);
  return asked.map((weight) => weight / sum);
}

/** Numbers members that share a name. */
export function withOwnNames(members: readonly Member[]): Member[] {
  const taken = new Set<string>();
  return members.map((member) => {
    let { name } = member;
    for (let count = 2; taken.has(name); count++) name = `${member.name}-${count}`;
    taken.add(name);
    return { ...member, name };
  });
}

/**
 * Returns the path of the model card next to `out`.
 *
 * @throws UsageError if `out` is not an `.onnx` file or is one of `members`, or if its card would replace a file that is not a
 * card; VultusError if it cannot be written.
 */
export function cardBeside(out: string, members: readonly string[]): string {
  if (!out.endsWith(".onnx"))
    throw new UsageError(`--out ${out}: an ensemble is an ONNX file; give a name that ends in .onnx`);
  if (existsSync(out)) {
    if (statSync(out).isDirectory())
      throw new UsageError(`--out ${out} is a folder; give the name of a file`);
    if (members.some((member) => realpathSync(member) === realpathSync(out)))
      throw new UsageError(`--out ${out} is one of the members; give another name`);
  }
  const card = out.replace(/\.onnx$/, ".md");
  checkCard(card);
  try {
    makeFolder(dirname(out));
    accessSync(dirname(out), constants.W_OK);
  } catch (error) {
    throw new VultusError(`${out} cannot be written: ${messageOf(error)}; give another --out`);
  }
  return card;
}
