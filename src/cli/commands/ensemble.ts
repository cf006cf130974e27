/** `vultus ensemble`: combines several models in one file that averages their calibrated probabilities. */

import { Command, InvalidArgumentError } from "commander";
import { type EnsembleOptions, type EnsembleResult, ensemble } from "../../jobs/ensemble.ts";
import type { AnswerScores } from "../../metrics/answer-scores.ts";
import { peopleSentence } from "../../report/people.ts";
import { UsageError } from "../../util/errors.ts";
import { command } from "../invocation.ts";
import { listOf, type SetExitCode, withDevice, withLabelled } from "../options.ts";
import { percent, result, resultAsIs, resultJson } from "../output.ts";
import { printer } from "../progress.ts";
import { widthOf } from "../terminal.ts";
import { wrappedCommand } from "../wrap.ts";

interface Options extends Omit<EnsembleOptions, "models" | "data" | "weights" | "stored" | "onEvent"> {
  readonly weights?: number[];
  readonly fit?: string[];
  readonly half: boolean;
  readonly json?: boolean;
}

export function ensembleCommand(setExitCode: SetExitCode): Command {
  return withDevice(withLabelled(new Command("ensemble")))
    .description("combine models in one file that averages their calibrated probabilities")
    .argument(
      "<models...>",
      "run folders, files written by a run or an export, or shipped models, all with the same classes",
    )
    .requiredOption("--out <file>", "the .onnx file to write; its model card is written next to it")
    .option("--weights <a,b,…>", "weight of each model (default: all equal)", numbersOf)
    .option(
      "--fit <dirs>",
      "fit the weights on these labelled images (comma-separated), on their validation split or --split",
      listOf,
    )
    .option("--half", "store matrices in half precision, which halves the size", false)
    .option("--json", "print JSON")
    .action(async (models: string[], { json, weights, fit, half, ...options }: Options) => {
      if (weights && fit) throw new UsageError("--weights and --fit cannot be combined; give one of them");
      const written = await ensemble({
        ...options,
        models,
        weights: fit ? "fit" : (weights ?? "equal"),
        data: fit,
        stored: half ? "float16" : "float32",
        onEvent: printer(setExitCode),
      });
      if (json) resultJson(written);
      else {
        result(ensembleText(written));
        const next = fit ? ["evaluate", written.file, ...fit] : ["serve", "--model", written.file];
        resultAsIs(`\n${wrappedCommand(command(...next), widthOf())}`);
      }
    });
}

function numbersOf(text: string): number[] {
  const numbers = listOf(text).map(Number);
  if (numbers.length === 0 || !numbers.every((weight) => Number.isFinite(weight) && weight >= 0))
    throw new InvalidArgumentError(
      "Give a number of 0 or more for each model, separated by commas, such as 0.5,0.3,0.2.",
    );
  return numbers;
}

/** The members with their weights, and their scores if they were measured. */
function ensembleText({ file, members, bytes, scores, ...checked }: EnsembleResult): string {
  const rows: [string, string, string][] = members.map(({ name, weight }) => [
    name,
    weight.toFixed(3),
    scoreText(scores?.members[name]),
  ]);
  if (scores) {
    const left = Object.keys(scores.members).filter((name) =>
      members.every((member) => member.name !== name),
    );
    for (const name of left) rows.push([name, "left out", scoreText(scores.members[name])]);
    rows.push(["equal weights", "", scoreText(scores.equal)]);
    rows.push(["ensemble", "", scoreText(scores.ensemble)]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, weight, score]) =>
      `${name.padEnd(width)}  ${weight.padStart(8)}  ${score}`.trimEnd(),
    ),
    ...(scores
      ? [
          checked.weights === "fitted"
            ? `on ${scores.n} images (${scores.split}); the ensemble's weights are cross-fitted, so the fit does not inflate its score`
            : `on ${scores.n} images (${scores.split})`,
        ]
      : []),
    ...(scores?.ensemble.people ? ["", peopleSentence(scores.ensemble.people)] : []),
    "",
    `${file}  ${(bytes / 1e6).toFixed(2)} MB, differs by at most ${checked.maxProbabilityDifference.toExponential(1)} from the mean of its members on ${checked.checkedOn} images`,
    "Every command accepts it like any other model:",
  ].join("\n");
}

function scoreText(scores: AnswerScores | undefined): string {
  if (!scores) return "";
  const { accuracy, nll, people } = scores;
  const agreed = people ? `  agreement with people ${percent(people.agreement.value)}` : "";
  return `accuracy ${percent(accuracy)}  log loss ${nll.toFixed(4)}${agreed}`;
}
