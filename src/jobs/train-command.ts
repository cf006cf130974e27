/** The command line of a training with another model or other weights, to paste. */

import { shellWords } from "../util/shell.ts";
import { DEFAULT_MODEL } from "../weights/shipped.node.ts";
import { defaults } from "./defaults.ts";
import type { Suggestions } from "./starting-weights.ts";
import type { TrainOptions } from "./train.ts";

/** What to suggest instead of a training with `options` on `model`: the same data and settings, started from other weights. */
export function trainSuggestions(options: TrainOptions, model: string): Suggestions {
  return {
    offline: trainCommand(options, ["--model", DEFAULT_MODEL]),
    random: trainCommand(options, ["--model", model, "--recipe", "scratch", "--weights", "none"]),
  };
}

/** Everything of `options` that does not belong to one model or recipe, and `start`. */
function trainCommand(options: TrainOptions, start: readonly string[]): string {
  const { data, exclude, classes, validation, test, seed, timeBudget, out, device, threads, memory } =
    options;
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
