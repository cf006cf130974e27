/** The command line of a training with another model or other weights, to paste. */

import { shellWords } from "../util/shell.ts";
import { DEFAULT_MODEL } from "../weights/shipped.node.ts";
import type { DataSource } from "./data.ts";
import { defaults } from "./defaults.ts";

/** Commands to suggest where a start is not possible, whole, as a person can paste them. */
export interface Suggestions {
  /** Needs no network. */
  readonly offline: string;
  /** Trains all of the backbone from random weights. */
  readonly random: string;
}

/** What belongs to no one model or recipe, as `TrainOptions` has it. */
interface CommonOptions {
  readonly data?: DataSource | undefined;
  readonly exclude?: string | undefined;
  readonly classes?: readonly string[] | undefined;
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

/** What to suggest instead of a training with `options` on `model`: the same data and settings, started from other weights. */
export function trainSuggestions(options: CommonOptions, model: string): Suggestions {
  return {
    offline: trainCommand(options, ["--model", DEFAULT_MODEL]),
    random: trainCommand(options, ["--model", model, "--recipe", "scratch", "--weights", "none"]),
  };
}

function trainCommand(options: CommonOptions, start: readonly string[]): string {
  const {
    data = [],
    exclude,
    classes,
    validation,
    test,
    seed,
    timeBudget,
    out,
    device,
    threads,
    memory,
  } = options;
  const sources = typeof data === "string" ? [data] : "samples" in data ? data.sources : data;
  const flag = (name: string, value: string | number | undefined): string[] =>
    value === undefined ? [] : [`--${name}`, String(value)];
  return `vultus train ${shellWords([
    ...sources,
    ...start,
    ...flag("exclude", exclude),
    ...flag("classes", classes?.join(",")),
    ...flag("validation", validation),
    ...flag("test", test),
    ...flag("seed", seed),
    ...flag("time-budget", typeof timeBudget === "number" ? `${timeBudget}s` : timeBudget),
    ...flag("out", out),
    ...flag("device", device === "auto" ? undefined : device),
    ...flag("threads", threads),
    ...flag("memory", memory === defaults.memory ? undefined : memory),
    ...(options.allowUnreadable ? ["--allow-unreadable"] : []),
  ])}`;
}
