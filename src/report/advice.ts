/** Advice on what to do next with a trained model, derived from its confusion matrix and its learning curve. */

import { type ConfusedPair, confusedPairs, ofFew, samplesOf } from "../metrics/confused-pairs.ts";
import type { ConfusionMatrix } from "../metrics/confusion.ts";
import { summarize } from "../metrics/scores.ts";
import { count, percents, range } from "./html.ts";
import type { RunRecord } from "./run-record.ts";

/** The subject of a piece of advice. `result`: the accuracy itself, or how far it can be trusted. */
export type AdviceTopic = "result" | "class" | "confusion" | "time" | "epochs" | "images" | "network";

export interface Advice {
  readonly topic: AdviceTopic;
  /** What to do, in a few words without a full stop. */
  readonly title: string;
  /** Why, in full sentences. */
  readonly text: string;
  /** The arguments of the `vultus` command that does it, if there is one. */
  readonly command?: readonly string[];
}

/** The parts of a run that advice is derived from. Missing parts only make the advice shorter. */
export type AdvisedRun = Pick<RunRecord, "evaluation" | "history" | "phases" | "data" | "recipe">;

/** Gap between training and validation accuracy above which more images help more than more epochs. */
const OVERFIT = 0.1;
/** Minimum epochs of a phase for its curve to show whether more are worthwhile. */
const ENOUGH_EPOCHS = 4;
/** Gain over the last quarter of a phase's epochs that counts as still rising. */
const RISING = 0.005;
/** A class with fewer training images than this share of the mean counts as scarce. */
const SCARCE = 0.75;
/** Half-width of an interval above which most differences between two runs are not significant. */
const WIDE = 0.03;
/** Accuracy above which a test on the same kind of images reveals little. */
const NEARLY_ALL = 0.99;
/** Minimum lower end of the interval for such an accuracy to be trusted. */
const SURELY_MOST = 0.9;

/**
 * Returns advice, the most useful first: what limits the training, then the weakest class, the worst confusion, and how far
 * the accuracy can be trusted. Empty for a run that was neither scored nor trained for enough epochs to judge its curve. `folder`
 * is the run folder, for the commands.
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
    // The confusion of the weakest class is already part of the advice on that class.
    ...(worst && worst.truth !== weakest ? [aboutConfusion(worst, classes)] : []),
    ...precision(evaluation),
  ];
}

/** Whether nearly all images are right. Requires a narrow interval, since a few correct images prove little. */
function isNearlyAll({ accuracy, interval: [low] }: NonNullable<AdvisedRun["evaluation"]>): boolean {
  return accuracy >= NEARLY_ALL && low >= SURELY_MOST;
}

/** Returns the index of the class with the lowest recall, on ties the lowest precision; undefined if fewer than two classes occur. */
export function weakestClass(matrix: ConfusionMatrix): number | undefined {
  const present = summarize(matrix)
    .perClass.map((scores, index) => ({ ...scores, index }))
    .filter(({ support }) => support > 0);
  if (present.length < 2) return undefined;
  return present.toSorted((a, b) => a.recall - b.recall || a.precision - b.precision)[0]?.index;
}

/** Judges from the epochs of the last phase whether time, epochs, images or the network limit the training. */
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
      : ` Its accuracy is ${percents(training)} on the training images and ${percents(bestAccuracy)} on the validation images.`;
  if (gap >= OVERFIT)
    return [
      {
        topic: "images",
        title: "Add training images",
        text: `${compared.trim()} It fits its training images better than it generalises to new ones, so more images help more than more epochs.`,
      },
    ];
  if (isRising)
    return [
      {
        topic: "epochs",
        title: "Train for more epochs",
        text: `Validation accuracy was still rising when the training ended, by ${((bestAccuracy - before) * 100).toFixed(1)} points in the last ${late === 1 ? "epoch" : `${late} epochs`}.`,
        command: extension(folder, epochs.length),
      },
    ];
  return [
    {
      topic: "network",
      title: "Try a larger network or cleaner labels",
      text: `Validation accuracy no longer rises, so more epochs will change little.${compared} A network with more capacity may learn more from the same images, and vultus data audit finds suspicious labels.`,
    },
  ];
}

/** Advice for a training that ended before its curve could show anything. */
function tooShort({ history, phases, recipe }: AdvisedRun, folder: string): Advice | undefined {
  const name = history.at(-1)?.phase;
  if (name === undefined) return undefined;
  const reason = phases.find((phase) => phase.name === name)?.reason ?? "";
  const notBegun =
    recipe?.phases.filter((phase) => !history.some((epoch) => epoch.phase === phase.name)) ?? [];
  const title = "Give the training more time";
  // No further phase of the recipe can be added after the last trained one.
  if (notBegun.length > 0 && phases.length > 0)
    return {
      topic: "time",
      title,
      text: `The time budget left no time for the phase ${notBegun.map((phase) => phase.name).join(", ")}. Train again with a longer --time-budget, or without one.`,
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
    text: `${epochs === 1 ? "One epoch is" : `${epochs} epochs are`} too few to show whether the network is still learning.`,
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
    text: `${percents(accuracy)} of these images are right, so they show little about where the model fails. Images of other people, with other cameras and lighting, show more.`,
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
    text: `The class with the lowest recall is ${name}: ${recognised} of its ${few ? images(support) : "images"} are right.${taken}${
      isScarce
        ? ` It has ${count(own)} training images; the average class has ${count(Math.round(mean))}.`
        : " Some of the mistakes may be wrong labels; if not, more images like them help most."
    }`,
  };
}

function aboutConfusion(pair: ConfusedPair, classes: readonly string[]): Advice {
  const [one, other] = [classes[pair.truth] as string, classes[pair.predicted] as string];
  const few = ofFew(pair.count, samplesOf(pair));
  const share = few ? `${few} images of ${one}` : `${percents(pair.share)} of ${one}, ${images(pair.count)}`;
  return {
    topic: "confusion",
    title: `Separate ${one} from ${other}`,
    text: `The most frequent confusion is ${one} taken for ${other}: ${share}. If people confuse them too, merge the two classes or agree on a labelling rule.`,
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
    ? `${accuracy === 1 ? "All" : "None"} of these few images are right, which is consistent with any accuracy from ${range([low, high])}. ${more} would make this interval about a quarter as wide.`
    : `The interval is ±${(half * 100).toFixed(1)} points, so a smaller difference between two models is not significant. ${more} would halve it.`;
  return [{ topic: "result", title: `Measure on more than ${images(n)}`, text }];
}

function images(number: number): string {
  return `${count(number)} image${number === 1 ? "" : "s"}`;
}
