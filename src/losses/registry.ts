/** All losses by name. */

import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { crossEntropy } from "./cross-entropy.ts";
import { focal } from "./focal.ts";
import type { Loss } from "./loss.ts";
import { votes } from "./votes.ts";

export const losses = { crossEntropy, focal, votes } satisfies Readonly<Record<string, Loss>>;

export type LossName = keyof typeof losses;

/** A loss and its options, as in a recipe. */
export interface LossChoice {
  readonly type: LossName;
  readonly [option: string]: number | string;
}

/**
 * Returns a recipe's loss and its options, with defaults for those that are not set. @throws UsageError for an unknown
 * loss
 */
export function lossOf({ type, ...given }: LossChoice): { loss: Loss; options: Record<string, number> } {
  if (!Object.hasOwn(losses, type)) {
    const names = Object.keys(losses);
    throw new UsageError(`there is no loss "${type}".${didYouMean(type, names)} Valid: ${names.join(", ")}`);
  }
  const loss: Loss = losses[type];
  const options = Object.entries(loss.options).map(([name, option]) => [name, given[name] ?? option.default]);
  return { loss, options: Object.fromEntries(options) };
}
