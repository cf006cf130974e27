/** A training as a command runs it: with progress, Ctrl-C and its page, and what it came to as text. */

import { type TrainingJson, type TrainingRun, type TrainOptions, train } from "../jobs/train.ts";
import { evaluationText } from "./evaluation.ts";
import { untilInterrupted } from "./interrupts.ts";
import { command } from "./invocation.ts";
import { duration, percent, result, say } from "./output.ts";
import { printer } from "./progress.ts";
import { pageBeside } from "./watching.ts";

export interface TrainingPrint {
  /** Port of the page beside the training; true for the usual one. */
  readonly ui?: number | true | undefined;
  /** Whether JSON is to be printed, so that the report is not. */
  readonly json?: boolean | undefined;
}

/** Trains and prints the report unless JSON is wanted. */
export async function runTraining(
  options: TrainOptions,
  { ui, json = false }: TrainingPrint,
): Promise<TrainingRun> {
  const print = printer();
  let page: Awaited<ReturnType<typeof pageBeside>> | undefined;
  try {
    const run = await untilInterrupted((signal) =>
      train({
        ...options,
        signal,
        async onEvent(event) {
          if (event.type === "run" && ui !== undefined)
            page = await pageBeside(event.folder, ui === true ? undefined : ui);
          print(event);
        },
      }),
    );
    const { folder, seconds } = run;
    if (run.interrupted) {
      say(`stopped; everything is saved. Go on with:\n  ${command("train", "--resume", folder)}`);
      return run;
    }
    const { best, report, evaluation } = run;
    if (report !== undefined) say(`report: ${report}`);
    if (!json) result(evaluationText(evaluation));
    say(
      `best: ${percent(best.accuracy)} on validation in phase ${best.phase}, epoch ${best.epoch}; ${duration(seconds)} in all`,
    );
    say(`run folder: ${folder}`);
    return run;
  } finally {
    await page?.close({ over: true });
  }
}

/** What `--json` prints. */
export function trainingJson({ folder, best, phases, seconds }: TrainingRun): TrainingJson {
  return { run: folder, best, phases, seconds };
}
