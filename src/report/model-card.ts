/** The model card of a run (Mitchell et al. 2019): intended use, limits, and only what was measured. */

import { confusedPairs, confusedPairText } from "../metrics/confused-pairs.ts";
import { summarize } from "../metrics/scores.ts";
import { type CardSection, cardMarkdown } from "./card.ts";
import { count, decimals, percents, pictures, precisionAndRecall, range } from "./html.ts";
import { type MetricText, metricTexts } from "./metrics.ts";
import { peopleSection } from "./people-section.ts";
import { priorSection } from "./prior.ts";
import type { EvaluationRecord, RunRecord } from "./run-record.ts";

/** Returns the sections of the card; a section whose content was not measured states that. */
export function modelCard(run: RunRecord): CardSection[] {
  return [
    model(run),
    ...prior(run),
    intendedUse,
    outOfScope,
    dataPart(run),
    metrics(run),
    ...people(run),
    calibration(run),
    robustness(run),
    limits(run),
    licence(run),
  ];
}

/** Returns the sections of the card that the other sections of a report do not cover. */
export function shownCard(run: RunRecord): CardSection[] {
  return [model(run), ...prior(run), intendedUse, outOfScope, limits(run), licence(run)];
}

export function modelCardMarkdown(run: RunRecord): string {
  return cardMarkdown(run.name, modelCard(run));
}

function attentionText({ attention }: NonNullable<RunRecord["recipe"]>): string {
  return attention === "none" ? "" : ` (attention on its residual branches: ${attention})`;
}

function model({ recipe, environment, evaluation, data }: RunRecord): CardSection {
  const classes = evaluation?.classes ?? data?.classes ?? [];
  const items = [
    ...(recipe
      ? [
          `Network: ${recipe.model}${attentionText(recipe)} with the head “${recipe.head}”, on images of ${recipe.inputSize} × ${recipe.inputSize} px.`,
          `Recipe: ${recipe.name} (${recipe.phases.map(({ name }) => name).join(", then ")}), seed ${recipe.seed}.`,
        ]
      : []),
    ...(classes.length > 0 ? [`Output: a probability for each of ${classes.join(", ")}.`] : []),
    ...(environment
      ? [`Trained with vultus ${environment.vultus}, started ${environment.started.slice(0, 10)}.`]
      : []),
    "Input: an image cropped to one face. The model does not find faces itself.",
  ];
  return { title: "Model", paragraphs: ["A classifier of facial expressions."], items };
}

/** No section if there is no model file yet. */
function prior({ prior: recorded, evaluation }: RunRecord): CardSection[] {
  return recorded ? [priorSection(recorded, { measured: evaluation !== undefined })] : [];
}

export const intendedUse: CardSection = {
  title: "Intended use",
  paragraphs: [
    "The model predicts which expression a face shows in an image, as the people who labelled the training images would have named it. An expression is not a feeling: a face does not reliably show what a person feels (Barrett et al. 2019).",
  ],
  items: [
    "Research, teaching, and developing and comparing methods.",
    "Sorting or searching images by visible expression, if mistakes harm nobody and the people shown have agreed.",
  ],
};

export const outOfScope: CardSection = {
  title: "Out-of-scope use, and the law",
  paragraphs: [
    "Do not use it for decisions about a person, such as hiring, grading, credit, insurance, policing, border control, diagnosis or lie detection.",
    "In the European Union the AI Act (Regulation (EU) 2024/1689) applies to systems that infer emotions from faces. This is a summary, not legal advice:",
  ],
  items: [
    "In the workplace and in education institutions, such use is prohibited, except for medical or safety reasons (Article 5(1)(f)).",
    "Other emotion recognition is a high-risk use (Annex III, point 1(c)), with the corresponding obligations.",
    "People who are exposed to it must be informed (Article 50(3)); the General Data Protection Regulation applies to their data.",
  ],
};

function dataPart({ data, environment, audit }: RunRecord): CardSection {
  const fingerprint = data?.fingerprint ?? environment?.fingerprint;
  const items = [
    ...(fingerprint ? [`Fingerprint of the data: ${fingerprint}.`] : []),
    ...(data && data.unreadable.length > 0
      ? [`${pictures(data.unreadable.length)} could not be read and were left out.`]
      : []),
    ...(data?.leftOut ?? []).map(
      ({ className, count: number }) => `The class ${className} was left out (${pictures(number)}).`,
    ),
    audit
      ? `Audited: ${count(audit.duplicateGroups)} groups of identical images, ${count(audit.conflictingGroups)} of them with more than one label; ${crossings(audit.crossSplitPictures)}.`
      : "The run folder has no audit of the data for duplicates, leaks between splits or wrong labels (vultus data audit).",
    "Who the people in the images are (age, sex, origin) was not measured.",
  ];
  if (!data)
    return { title: "Data", paragraphs: ["The number of images per class was not recorded."], items };
  const used = Object.keys(data.counts);
  return {
    title: "Data",
    paragraphs: [],
    items,
    table: {
      caption: "Images per class and split",
      head: ["class", ...used],
      rows: data.classes.map((name, k) => [
        name,
        ...used.map((split) => count(data.counts[split]?.[k] ?? 0)),
      ]),
    },
  };
}

function crossings(crossing: Readonly<Record<string, number>>): string {
  const found = Object.entries(crossing).filter(([, number]) => number > 0);
  return found.length === 0
    ? "none of them in more than one split"
    : found.map(([where, number]) => `${count(number)} images of ${where}`).join(", ");
}

function metrics({ evaluation }: RunRecord): CardSection {
  const title = "Metrics";
  if (!evaluation) return { title, paragraphs: ["Not measured, because this run was not scored."] };
  const { n, split, accuracy, interval, majority, classes, confusion, auc } = evaluation;
  const { perClass } = summarize(confusion);
  const worst = confusedPairs(confusion).map((pair) => confusedPairText(pair, classes));
  return {
    title,
    paragraphs: [measuredOn(n, split)],
    items: [
      `Accuracy ${percents(accuracy)} (95 % interval ${range(interval)}); always answering the largest class scores ${percents(majority)}.`,
      ...leakItems(evaluation),
      ...metricTexts(evaluation, ["answers"]).map(metricItem),
      worst.length > 0 ? `Most confused: ${worst.join("; ")}.` : "No classes were confused.",
    ],
    table: {
      caption: "Scores per class",
      head: ["class", "precision", "recall", "F1", ...(auc ? ["AUC"] : []), "images"],
      rows: classes.map((name, k) => {
        const { f1, support } = perClass[k] as (typeof perClass)[number];
        return [
          name,
          ...precisionAndRecall(confusion, k),
          decimals(f1),
          ...(auc ? [decimals(auc[name])] : []),
          count(support),
        ];
      }),
    },
  };
}

/** No section if the images had no votes. */
function people({ evaluation }: RunRecord): CardSection[] {
  return evaluation?.people ? [peopleSection(evaluation.people, "The model")] : [];
}

function metricItem({ name, value, details }: MetricText): string {
  return `${name} ${value}${details.length > 0 ? ` (${details.join("; ")})` : ""}.`;
}

function leakItems({ leaked, withoutLeaked, seen, withoutSeen }: EvaluationRecord): string[] {
  const without = (found: string, rest: EvaluationRecord["withoutSeen"]): string =>
    rest
      ? `${found}; without them the accuracy is ${percents(rest.accuracy)} (95 % interval ${range(rest.interval)}) on ${pictures(rest.n)}.`
      : `${found}; no images are left without them.`;
  const own =
    leaked === undefined
      ? "Whether any scored image was also a training image was not measured."
      : leaked === 0
        ? "None of them is pixel-identical to a training image."
        : without(`${pictures(leaked)} of these are pixel-identical to a training image`, withoutLeaked);
  if (!seen) return [own];
  const known = `${pictures(seen)} of these are training images of the starting weights, or near copies of them`;
  return [own, without(known, withoutSeen)];
}

function measuredOn(n: number, split: string): string {
  if (split === "test")
    return `On ${pictures(n)} of the test split, which was scored once and never used for selection.`;
  if (split === "validation")
    return `Selected on validation: these ${pictures(n)} also chose the best epoch, so expect somewhat lower scores on new images. There was no test split.`;
  return `On ${pictures(n)} (${split}).`;
}

function calibration({ evaluation }: RunRecord): CardSection {
  const title = "Calibration";
  if (!evaluation?.calibration) return { title, paragraphs: ["Not measured."] };
  const { temperature, fittedHere, fittedTo } = evaluation.calibration;
  const to = fittedTo === "votes" ? " to the shares of people's votes" : "";
  const fitted = fittedHere
    ? `, fitted${to} on the same images, so the following numbers are cross-fitted`
    : to && `, fitted${to}`;
  return {
    title,
    paragraphs: [`Its temperature is ${temperature.toFixed(2)}${fitted}.`, ...sureness(evaluation)],
    items: metricTexts(evaluation, ["probabilities"]).map(metricItem),
  };
}

function sureness({ coverage = [] }: EvaluationRecord): string[] {
  const point = coverage.find(({ threshold }) => threshold === 0.8);
  if (!point || point.accuracy === null) return [];
  return [
    `When the model is at least 80 % confident (${percents(point.coverage)} of the images), ${percents(point.accuracy)} of its predictions are right.`,
  ];
}

function robustness({ robustness }: RunRecord): CardSection {
  const title = "Robustness";
  if (!robustness) return { title, paragraphs: ["Not measured (vultus evaluate --robustness)."] };
  const { n, clean, meanRelativeDrop, groups, corruptions, people: agreed } = robustness;
  return {
    title,
    paragraphs: [
      `The accuracy on ${pictures(n)} is ${percents(clean)} without corruption. ${corruptions.length} corruptions reduce it by ${percents(meanRelativeDrop)} of that on average.`,
      ...(agreed
        ? [
            `They reduce the agreement with the plurality of people, ${percents(agreed.clean)} without corruption, by ${percents(agreed.meanRelativeDrop)} of it.`,
          ]
        : []),
    ],
    items: groups.map(
      ({ group, relativeDrop }) => `${group}: ${percents(relativeDrop)} of the accuracy lost on average`,
    ),
  };
}

function limits({ evaluation }: RunRecord): CardSection {
  return {
    title: "Limits",
    paragraphs: [],
    items: [
      ...(evaluation
        ? [
            `It predicts one of ${evaluation.classes.length} classes, whatever the image shows, even for a face with another expression or an image without a face.`,
          ]
        : []),
      "It may be less accurate on images that differ from the training images in camera, light, pose, age or origin. Beyond the numbers above, this was not measured.",
      "Labels of expressions are opinions. People disagree on many of them, and the model learns the labels, not the truth.",
      "Differences between groups of people were not measured.",
    ],
  };
}

function licence({ environment }: RunRecord): CardSection {
  return {
    title: "Licence",
    paragraphs: [
      "vultus is under the MIT licence, which does not cover this model. What you may do with the model depends on the licences of its training images and of its starting weights.",
    ],
    items: [
      startingWeights(environment?.weights),
      "Licence of the images: unknown to vultus; ask their publisher.",
    ],
  };
}

/** Describes the starting weights. A run without loaded weights records that they were random, so no licence applies. */
function startingWeights(weights: string | undefined): string {
  if (!weights) return "Starting weights: not recorded.";
  const drawn = /^none, all drawn from the seed \d+$/.test(weights);
  return `Starting weights: ${weights}.${drawn ? "" : " Their licence applies."}`;
}
