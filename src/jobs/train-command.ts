/** Commands, ready to paste, for a training with another model or other weights. */

import { callTo, type Options } from "../util/spelling.ts";
import { DEFAULT_MODEL } from "../weights/shipped.node.ts";
import type { DataSource } from "./data.ts";
import { defaults } from "./defaults.ts";

/** Complete commands to suggest if a start is not possible. */
export interface Suggestions {
  /** Needs no network. */
  readonly offline: string;
  /** Trains all of the backbone from random weights. */
  readonly random: string;
}

/** Options that do not depend on a model or recipe, as in `TrainOptions`. */
interface CommonOptions {
  readonly data?: DataSource | undefined;
  readonly exclude?: string | undefined;
  readonly classes?: readonly string[] | undefined;
  readonly rename?: Readonly<Record<string, string>> | undefined;
  readonly notAClass?: readonly string[] | undefined;
  readonly corrections?: string | undefined;
  readonly validation?: number | undefined;
  readonly test?: number | undefined;
  readonly seed?: number | undefined;
  readonly timeBudget?: number | string | undefined;
  readonly out?: string | undefined;
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
  readonly memory?: number | undefined;
  readonly allowUnreadable?: boolean | undefined;
}

/** Options that depend on the model. */
interface NetworkOptions {
  readonly attention?: string | undefined;
  readonly inputSize?: number | undefined;
  readonly batchSize?: number | undefined;
}

/** Suggests alternatives to a training with `options` on `model`: the same data and settings, started from other weights. */
export function trainSuggestions(options: CommonOptions & NetworkOptions, model: string): Suggestions {
  const { attention, inputSize, batchSize } = options;
  const network = { attention, inputSize, batchSize };
  return {
    offline: trainCommand(options, { model: DEFAULT_MODEL }),
    random: trainCommand(options, { model, recipe: "scratch", weights: "none", ...network }),
  };
}

function trainCommand(options: CommonOptions, start: Options): string {
  const { data = [], device, memory, allowUnreadable, timeBudget, ...common } = options;
  const sources = typeof data === "string" ? [data] : "samples" in data ? data.sources : data;
  const { exclude, classes, rename, notAClass, corrections, validation, test, seed, out, threads } = common;
  return callTo("train", {
    data: sources,
    ...start,
    ...{ exclude, classes, rename, notAClass, corrections, validation, test, seed, out, threads },
    timeBudget: typeof timeBudget === "number" ? `${timeBudget}s` : timeBudget,
    device: device === "auto" ? undefined : device,
    memory: memory === defaults.memory ? undefined : memory,
    allowUnreadable: allowUnreadable ? true : undefined,
  });
}
