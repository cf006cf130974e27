/** The course of a training: its curves, and what each phase gained over the baselines. */

import type { Recipe } from "../../train/recipe.ts";
import { type BaselineRow, baselinesSvg } from "../baselines.ts";
import { curvesSvg } from "../curves.ts";
import { chart, decimals, list, paragraph, percents, type Section } from "../html.ts";
import type { RunRecord } from "../run-record.ts";

export function training(run: RunRecord): Section | undefined {
  const { history } = run;
  if (history.length === 0) return undefined;
  const best = history.reduce((a, b) =>
    (b.validationAccuracy ?? -1) > (a.validationAccuracy ?? -1) ? b : a,
  );
  const label = `Curves of loss, accuracy and learning rate over ${history.length} epochs; the best validation accuracy is ${percents(best.validationAccuracy)} in phase ${best.phase}, epoch ${best.epoch}.`;
  const numbers = {
    caption: "Every epoch",
    head: [
      "phase, epoch",
      "train loss",
      "validation loss",
      "train accuracy",
      "validation accuracy",
      "learning rate",
      "seconds",
    ],
    rows: history.map((epoch) => [
      `${epoch.phase} ${epoch.epoch}`,
      decimals(epoch.trainLoss),
      decimals(epoch.validationLoss),
      percents(epoch.trainAccuracy),
      percents(epoch.validationAccuracy),
      epoch.learningRate?.toExponential(1) ?? "–",
      decimals(epoch.seconds, 0),
    ]),
    numbers: true,
  };
  const caption =
    "Training accuracy is measured on augmented images with dropout active, so it may be lower than validation accuracy.";
  return {
    id: "training",
    title: "Training",
    html: [
      chart(curvesSvg(history), label, caption, numbers),
      list(run.phases.map(({ name, reason }) => `${name} ended: ${reason}`)),
    ].join("\n"),
  };
}

/** What fine-tuning gained over the head alone and over the majority baseline. */
export function baseAgainstFineTuned(run: RunRecord): Section | undefined {
  const rows = baselineRows(run);
  if (rows.length === 0) return undefined;
  const words = rows.map(({ name, accuracy }) => `${name} ${percents(accuracy)}`).join(", ");
  return {
    id: "base",
    title: "Base against fine-tuned",
    html: [
      paragraph(gain(bestOfPhases(run), run.recipe)),
      chart(
        baselinesSvg(rows),
        `Accuracies: ${words}.`,
        `Each phase is measured on validation, at its best epoch.${run.evaluation ? ` The final model is measured on ${run.evaluation.split}; the line across its bar is the 95 % interval.` : ""}`,
      ),
    ].join("\n"),
  };
}

/** Returns the bars of that comparison; none if no epoch has finished. */
export function baselineRows(run: RunRecord): BaselineRow[] {
  const { evaluation, recipe } = run;
  const phases = bestOfPhases(run).map(({ name, best }) => ({
    name: trainsHeadOnly(recipe, name) ? `${name}: head alone` : `${name}: best epoch`,
    accuracy: best,
  }));
  if (!evaluation || phases.length === 0) return phases;
  const { majority, accuracy, interval, split } = evaluation;
  // On the same images, the best epoch of all phases is the final model.
  const isFinal = (phase: BaselineRow): boolean =>
    split === "validation" && Math.abs(phase.accuracy - accuracy) < 1e-9;
  return [
    { name: "majority baseline", accuracy: majority, baseline: true },
    ...phases.filter((phase) => !isFinal(phase)),
    { name: "final model", accuracy, interval },
  ];
}

interface PhaseBest {
  readonly name: string;
  readonly best: number;
}

/** Computed from the epochs, so that an interrupted phase counts too. */
function bestOfPhases({ history }: RunRecord): PhaseBest[] {
  const best = new Map<string, number>();
  for (const { phase, validationAccuracy } of history)
    best.set(phase, Math.max(best.get(phase) ?? 0, validationAccuracy ?? 0));
  return [...best].map(([name, share]) => ({ name, best: share }));
}

function gain(phases: readonly PhaseBest[], recipe: Recipe | undefined): string {
  const head = phases.find(({ name }) => trainsHeadOnly(recipe, name));
  const rest = phases.filter((phase) => phase !== head);
  if (!head)
    return "No phase trained the head alone, so the only base for comparison is the majority baseline.";
  if (rest.length === 0)
    return `Only the head was trained, on frozen features: ${percents(head.best)} on validation.`;
  const points = (Math.max(...rest.map(({ best }) => best)) - head.best) * 100;
  if (points === 0)
    return "Training more of the network did not change the validation accuracy of the head alone.";
  const words =
    points > 0
      ? `raised its validation accuracy by ${points.toFixed(1)}`
      : `lowered its validation accuracy by ${(-points).toFixed(1)}`;
  return `The first phase trained only the head, on the features of the original backbone. Training more of the network ${words} points.`;
}

function trainsHeadOnly(recipe: Recipe | undefined, name: string): boolean {
  return recipe?.phases.find((phase) => phase.name === name)?.train === "head";
}
