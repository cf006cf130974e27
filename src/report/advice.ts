/** What to do next about a trained model, read off its confusion matrix and its learning curve. */

import { type ConfusedPair, confusedPairs, ofFew, samplesOf } from "../metrics/confused-pairs.ts";
import type { ConfusionMatrix } from "../metrics/confusion.ts";
import { summarize } from "../metrics/scores.ts";
import { count, percents, range } from "./html.ts";
import type { RunRecord } from "./run-record.ts";

/** What an advice is about. `result`: the accuracy itself, or how far it can be trusted. */
export type AdviceTopic = "result" | "class" | "confusion" | "time" | "epochs" | "images" | "network";

export interface Advice {
  readonly topic: AdviceTopic;
  /** What to do, in a few words without a full stop. */
  readonly title: string;
  /** Why, in whole sentences. */
  readonly text: string;
  /** The arguments of `vultus` that do it, where a command can. */
  readonly command?: readonly string[];
}

/** What advice is derived from; every part of a run that is missing only makes it shorter. */
export type AdvisedRun = Pick<RunRecord, "evaluation" | "history" | "phases" | "data" | "recipe">;

/** By how much training accuracy must exceed validation accuracy until more images are worth more than more epochs. */
const OVERFIT = 0.1;
/** Epochs of a phase from which on its curve tells whether more are worth it. */
const ENOUGH_EPOCHS = 4;
/** What counts as still rising: the gain of the last quarter of a phase's epochs. */
const RISING = 0.005;
/** A class with fewer training images than this share of the mean is short of them. */
const SCARCE = 0.75;
/** Half an interval from which on most differences between two runs are within chance. */
const WIDE = 0.03;
/** Accuracy from which on a test on the same kind of images has little left to tell. */
const NEARLY_ALL = 0.99;
/** The low end of its interval from which on that accuracy is believed. */
const SURELY_MOST = 0.9;

/**
 * The most useful first: what limits the training, then the weakest class, the worst confusion, and how far the number can be
 * trusted. Empty for a run that was neither scored nor finished enough epochs to judge its curve. `folder` is the run's, for the commands.
 */
export function adviceFor(run: AdvisedRun, folder: string): Advice[] {
  const { evaluation } = run;
  if (!evaluation) return fromCurve(run, folder);
  const { confusion, classes, accuracy } = evaluation;
  const weakest = weakestClass(confusion);
  const [worst] = confusedPairs(confusion, 1);
  return [
    ...(isNearlyAll(evaluation) ? [elsewhere(accuracy)] : fromCurve(run, folder)),
    ...(weakest === undefined || !worst ? [] : [aboutClass(run, weakest)]),
    // The weakest class's own confusion stands with it.
    ...(worst && worst.truth !== weakest ? [aboutConfusion(worst, classes)] : []),
    ...precision(evaluation),
  ];
}

/** Few images that all happen to be right prove little. */
function isNearlyAll({ accuracy, interval: [low] }: NonNullable<AdvisedRun["evaluation"]>): boolean {
  return accuracy >= NEARLY_ALL && low >= SURELY_MOST;
}

/** Index of the class with the lowest recall, of equal ones that with the lower precision; undefined where fewer than two occur. */
export function weakestClass(matrix: ConfusionMatrix): number | undefined {
  const present = summarize(matrix)
    .perClass.map((scores, index) => ({ ...scores, index }))
    .filter(({ support }) => support > 0);
  if (present.length < 2) return undefined;
  return present.toSorted((a, b) => a.recall - b.recall || a.precision - b.precision)[0]?.index;
}

/** Whether time, epochs, images or the network hold the training back: the last phase's epochs tell. */
function fromCurve(run: AdvisedRun, folder: string): Advice[] {
  const { history, phases } = run;
  const short = run.evaluation && tooShort(run, folder);
  if (short) return [short];
  const name = history.at(-1)?.phase;
  const epochs = history.filter(({ phase }) => phase === name);
  const validation = epochs.map((epoch) => epoch.validationAccuracy ?? Number.NEGATIVE_INFINITY);
  const bestAccuracy = Math.max(...validation);
  if (name === undefined || epochs.length < ENOUGH_EPOCHS || !Number.isFinite(bestAccuracy)) return [];
  const best = validation.indexOf(bestAccuracy);
  const late = Math.ceil(epochs.length / 4);
  const before = Math.max(...validation.slice(0, -late));
  const endedEarly = phases.find((phase) => phase.name === name)?.reason.startsWith("no better");
  const isRising = !endedEarly && best >= epochs.length - late && bestAccuracy - before >= RISING;
  const training = epochs[best]?.trainAccuracy;
  const gap = training == null ? 0 : training - bestAccuracy;
  const compared =
    training == null
      ? ""
      : ` It gets ${percents(training)} of its training images right and ${percents(bestAccuracy)} of the validation images.`;
  if (gap >= OVERFIT)
    return [
      {
        topic: "images",
        title: "Add training images",
        text: `${compared.trim()} It remembers its training images better than it recognises new ones, so more images help more than more epochs.`,
      },
    ];
  if (isRising)
    return [
      {
        topic: "epochs",
        title: "Train for more epochs",
        text: `Validation accuracy still rose when the training ended, by ${((bestAccuracy - before) * 100).toFixed(1)} points in the last ${late === 1 ? "epoch" : `${late} epochs`}.`,
        command: extension(folder, epochs.length),
      },
    ];
  return [
    {
      topic: "network",
      title: "Try a larger network or cleaner labels",
      text: `Validation accuracy no longer rises, so more epochs will change little.${compared} A network with more capacity may learn more from the same images; vultus data audit looks for wrong labels.`,
    },
  ];
}

/** What to do about a training that ended before its curve could tell anything. */
function tooShort({ history, phases, recipe }: AdvisedRun, folder: string): Advice | undefined {
  const name = history.at(-1)?.phase;
  if (name === undefined) return undefined;
  const reason = phases.find((phase) => phase.name === name)?.reason ?? "";
  const notBegun =
    recipe?.phases.filter((phase) => !history.some((epoch) => epoch.phase === phase.name)) ?? [];
  const title = "Give the training more time";
  // Behind the last phase that was trained no other of the recipe can be added.
  if (notBegun.length > 0 && phases.length > 0)
    return {
      topic: "time",
      title,
      text: `The time budget left none for the phase ${notBegun.map((phase) => phase.name).join(", ")}. Train again with a longer --time-budget, or without one.`,
    };
  const [, done, planned] = /^time is up after ([\d.]+) of (\d+) epochs/.exec(reason) ?? [];
  if (done !== undefined)
    return {
      topic: "time",
      title,
      text: `The time budget ended the training after ${done} of ${planned} epochs, so the network had not finished learning. This command trains the rest.`,
      command: extension(folder, Math.max(1, Math.ceil(Number(planned) - Number(done)))),
    };
  const epochs = history.filter(({ phase }) => phase === name).length;
  if (epochs >= ENOUGH_EPOCHS || reason.startsWith("no better")) return undefined;
  return {
    topic: "epochs",
    title: "Train for more epochs",
    text: `${epochs === 1 ? "One epoch is" : `${epochs} epochs are`} too few to tell whether the network still learns.`,
    command: extension(folder, ENOUGH_EPOCHS),
  };
}

function extension(folder: string, epochs: number): string[] {
  return ["train", "--resume", folder, "--extend", `${epochs}`];
}

function elsewhere(accuracy: number): Advice {
  return {
    topic: "result",
    title: "Test it on images from another source",
    text: `${percents(accuracy)} of these images are right, so they tell little about where the model fails. Images of other people, cameras and light do.`,
  };
}

function aboutClass({ evaluation, data }: AdvisedRun, index: number): Advice {
  const { classes, confusion } = evaluation as NonNullable<AdvisedRun["evaluation"]>;
  const name = classes[index] as string;
  const { recall, support } = summarize(confusion).perClass[index] as { recall: number; support: number };
  const [other] = confusedPairs(
    confusion.map((row, truth) => (truth === index ? row : row.map(() => 0))),
    1,
  );
  const right = Math.round(recall * support);
  const few = ofFew(right, support) !== undefined;
  const recognised = few ? count(right) : percents(recall);
  const taken = other
    ? ` ${count(other.count)} of its ${images(support)} ${other.count === 1 ? "was" : "were"} taken for ${classes[other.predicted]}.`
    : "";
  const trained = data?.counts.train;
  const own = trained?.[data?.classes.indexOf(name) ?? -1];
  const mean = trained && trained.reduce((sum, value) => sum + value, 0) / trained.length;
  const isScarce = own !== undefined && mean !== undefined && own < SCARCE * mean;
  return {
    topic: "class",
    title: isScarce ? `Add images of ${name}` : `Look at the mistakes on ${name}`,
    text: `The class recognised least often is ${name}: ${recognised} of its ${few ? images(support) : "images"}.${taken}${
      isScarce
        ? ` It has ${count(own)} training images, where a class has ${count(Math.round(mean))} on average.`
        : " Some of them may be labelled wrongly; if not, more images like them help most."
    }`,
  };
}

function aboutConfusion(pair: ConfusedPair, classes: readonly string[]): Advice {
  const [one, other] = [classes[pair.truth] as string, classes[pair.predicted] as string];
  const few = ofFew(pair.count, samplesOf(pair));
  const share = few ? `${few} images of ${one}` : `${percents(pair.share)} of ${one}, ${images(pair.count)}`;
  return {
    topic: "confusion",
    title: `Tell ${one} from ${other}`,
    text: `The most frequent confusion is ${one} taken for ${other}: ${share}. If people confuse them too, merge the two classes or agree on a rule for labelling.`,
  };
}

function precision({
  accuracy,
  interval: [low, high],
  n,
  split,
}: NonNullable<AdvisedRun["evaluation"]>): Advice[] {
  const half = (high - low) / 2;
  if (half < WIDE) return [];
  const more = `Four times as many ${split === "all" ? "" : `${split} `}images`;
  const isAlike = accuracy === 0 || accuracy === 1;
  const text = isAlike
    ? `${accuracy === 1 ? "All" : "None"} of these few images are right, which fits any accuracy from ${range([low, high])}. ${more} make that interval about a quarter as wide.`
    : `The interval reaches ${(half * 100).toFixed(1)} points to either side, so two models must differ by more than that before one is better. ${more} halve it.`;
  return [{ topic: "result", title: `Measure on more than ${images(n)}`, text }];
}

function images(number: number): string {
  return `${count(number)} image${number === 1 ? "" : "s"}`;
}
