/** The end card of a training. */

import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { picturesBelow } from "../data/folder.node.ts";
import type { EvaluationResult } from "../jobs/evaluation-result.ts";
import type { FinishedRun } from "../jobs/train.ts";
import { dataOf } from "../report/commands.ts";
import { keptLists, readEnvironment, runPaths } from "../train/run-folder.node.ts";
import type { EndCard, Row } from "./end-card.ts";
import { command } from "./invocation.ts";
import { percent } from "./output.ts";

/**
 * The result of a training. `data` is the location of its images, as given to the command; if none was given, the run
 * records it. `beside` is printed next to the accuracy; the default is the majority baseline.
 */
export function trainingCard(
  { folder, evaluation, report }: FinishedRun,
  data: readonly string[],
  beside = majorityText(evaluation),
): EndCard {
  const { accuracy, interval, confused } = evaluation;
  const [low, high] = interval;
  return {
    headline: [
      "accuracy",
      `${percent(accuracy)} (95 % interval ${percent(low)} to ${percent(high)}); ${beside}`,
    ],
    details: [
      ["measured on", measuredOn(evaluation)],
      ...(evaluation.people ? [["people", evaluation.people.verdict] as Row] : []),
      ["most confused", confused[0]?.text ?? "nothing"],
      ...(report === undefined ? [["report", "not written; the run itself is complete"] as Row] : []),
    ],
    report,
    next: nextCommands(folder, data.length > 0 ? data : dataOf(readEnvironment(runPaths(folder))), report),
  };
}

function majorityText({ confusion, classes, majority }: EvaluationResult): string {
  const counts = confusion.map((row) => row.reduce((sum, count) => sum + count, 0));
  return `always ${classes[counts.indexOf(Math.max(...counts))]}: ${percent(majority)}`;
}

function measuredOn(evaluation: EvaluationResult): string {
  const { n, split, leaked = 0, withoutLeaked, seen = 0, withoutSeen } = evaluation;
  const pictures = `${n.toLocaleString("en")} ${split} images`;
  const known = [
    ...(leaked > 0 ? [`${leaked} of them are also training images: ${without(withoutLeaked)}`] : []),
    ...(seen > 0
      ? [`${seen} of them are training images of the starting weights: ${without(withoutSeen)}`]
      : []),
  ];
  if (known.length > 0) return [pictures, known.join("; ")].join(", ");
  return split === "validation" ? `${pictures}, which also chose the best epoch` : pictures;
}

function without(rest: EvaluationResult["withoutSeen"]): string {
  return rest ? `without them ${percent(rest.accuracy)}` : "no images are left without them";
}

function nextCommands(folder: string, data: readonly string[], report: string | undefined): string[] {
  const found = data.filter((path) => existsSync(path));
  const photo = found.map(firstPicture).find((path) => path !== undefined);
  const lists = Object.entries(keptLists(folder)).flatMap(([name, file]) => [`--${name}`, file]);
  const commands = [
    ...(report === undefined ? [["report", folder]] : []),
    ...(photo === undefined ? [] : [["predict", photo, "--no-detect", "--model", folder]]),
    ...(found.length === 0 ? [] : [["evaluate", folder, ...found, ...lists]]),
    ["serve", "--model", folder],
    ["export", folder],
    ["watch", folder],
  ];
  return commands.slice(0, 3).map((args) => command(...args));
}

/** Returns an image of a folder, from its validation split if it has one, since those images were not trained on. */
function firstPicture(path: string): string | undefined {
  if (!statSync(path).isDirectory()) return undefined;
  const validation = join(path, "validation");
  const [first] = picturesBelow(existsSync(validation) ? validation : path);
  return first;
}
