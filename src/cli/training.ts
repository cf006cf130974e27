/** A training as a command runs it: with progress, Ctrl-C, its page, and the result as text. */

import { train } from "../jobs/on-demand.ts";
import type { Best, TrainingJson, TrainingRun } from "../jobs/train.ts";
import type { TrainOptions } from "../jobs/train-options.ts";
import { untilInterrupted } from "./interrupts.ts";
import { command } from "./invocation.ts";
import { duration, say } from "./output.ts";
import { printer } from "./progress.ts";
import { pageBeside } from "./watching.ts";

/** Trains and prints progress. `ui` is the port of the training's page, or true for the default port. */
export async function runTraining(options: TrainOptions, ui?: number | true): Promise<TrainingRun> {
  const print = printer();
  let hasTrained = false;
  let page: Awaited<ReturnType<typeof pageBeside>> | undefined;
  try {
    const run = await untilInterrupted((signal) =>
      train({
        ...options,
        signal,
        async onEvent(event) {
          if (event.type === "run" && ui !== undefined)
            page = await pageBeside(event.folder, ui === true ? undefined : ui);
          hasTrained ||= event.type === "step";
          print(event);
        },
      }),
    );
    const { folder, seconds } = run;
    if (run.interrupted)
      say(`stopped; everything is saved. Continue with:\n${command("train", "--resume", folder)}`);
    else
      say(
        `${hasTrained ? "trained" : "scored"} in ${duration(seconds)}; the weights are from ${bestText(run.best)}`,
      );
    return run;
  } finally {
    await page?.close({ over: true });
  }
}

function bestText({ phase, epoch }: Best): string {
  return `phase ${phase}, epoch ${epoch}`;
}

/** The result that `--json` prints. */
export function trainingJson({ folder, best, phases, seconds }: TrainingRun): TrainingJson {
  return { run: folder, best, phases, seconds };
}
