/** Properties of every registered metric, and a check that each appears wherever metrics are shown. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { comparisonText } from "../cli/comparison.ts";
import { evaluationText } from "../cli/evaluation.ts";
import { metricText } from "../cli/output.ts";
import { comparison } from "../evaluate/compare.node.ts";
import { evaluation } from "../evaluate/evaluate.ts";
import { comparisonResult } from "../jobs/comparison-result.ts";
import { type EvaluationResult, evaluationResult } from "../jobs/evaluation-result.ts";
import { decimals, percents } from "../report/html.ts";
import { modelCardMarkdown } from "../report/model-card.ts";
import { escape } from "../report/page.ts";
import { reportHtml } from "../report/report-page.ts";
import { type EvaluationRecord, evaluationSchema, type RunRecord } from "../report/run-record.ts";
import { confusionMatrix } from "./confusion.ts";
import type { Answers } from "./metric.ts";
import { argmaxRows } from "./probabilities.ts";
import { metricEntries } from "./registry.ts";

function answersOf(labels: readonly number[], rows: readonly (readonly number[])[]): Answers {
  const [probabilities, classCount] = [rows.flat(), rows[0]?.length as number];
  const predicted = argmaxRows(probabilities, classCount);
  const matrix = confusionMatrix(labels, predicted, classCount);
  return { labels, predicted, probabilities, classCount, matrix };
}

/** Returns probabilities that are certain of these classes. */
const sureOf = (classes: readonly number[], count: number): number[][] =>
  classes.map((k) => Array.from({ length: count }, (_, c) => (c === k ? 1 : 0)));
const unsure = [0.2, 0.5, 0.3];
const labels = [0, 1, 1, 2, 0, 1];

const cases: Readonly<Record<string, Answers>> = {
  perfect: answersOf(labels, sureOf(labels, 3)),
  "all wrong": answersOf([0, 1, 2], sureOf([1, 2, 0], 3)),
  "always the same": answersOf(
    labels,
    labels.map(() => unsure),
  ),
  "one image, right": answersOf([1], [unsure]),
  "one image, wrong": answersOf([2], [unsure]),
  "images of one class": answersOf([1, 1, 1], [unsure, unsure, [0.6, 0.3, 0.1]]),
  "a class without images": answersOf([0, 1, 0], [unsure, unsure, [0.6, 0.3, 0.1]]),
  "a class that is never answered": answersOf([0, 1, 2], sureOf([0, 1, 1], 3)),
};

/** Rows of probabilities with labels of at least two of three classes. */
const labelled = fc
  .array(fc.tuple(fc.nat(2), fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 3, maxLength: 3 })), {
    minLength: 2,
    maxLength: 20,
  })
  .filter((images) => new Set(images.map(([label]) => label)).size > 1)
  .map((images) =>
    images.map(([label, [a = 0, b = 0, c = 0]]) => ({
      label,
      row: [a, b, c].map((v) => v / (a + b + c)),
    })),
  );

describe.each(metricEntries)("%s", (_, metric) => {
  test.each(Object.entries(cases))("is a number for answers that are %s", (_, answers) => {
    const value = metric.compute(answers);
    const classes = new Set([...Array.from(answers.labels), ...Array.from(answers.predicted)]);
    if (classes.size === 1 && Number.isNaN(value)) return;
    expect(Number.isFinite(value)).toBe(true);
    if (metric.format !== "percent") return;
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThanOrEqual(1);
  });

  test("is best for perfect answers, and worse for wrong ones", () => {
    const gain = (better: Answers, worse: Answers): number =>
      (metric.compute(better) - metric.compute(worse)) * (metric.higherIsBetter ? 1 : -1);
    const truth = [0, 1, 2];
    expect(gain(answersOf(truth, sureOf(truth, 3)), answersOf(truth, sureOf([2, 0, 1], 3)))).toBeGreaterThan(
      0,
    );
    fc.assert(
      fc.property(labelled, (images) => {
        const found = images.map(({ label }) => label);
        const perfect = answersOf(found, sureOf(found, 3));
        const others = answersOf(
          found,
          images.map(({ row }) => row),
        );
        expect(gain(perfect, others)).toBeGreaterThanOrEqual(-1e-12);
      }),
    );
  });

  test("does not depend on the order of the images", () => {
    fc.assert(
      fc.property(labelled, (images) => {
        const value = (order: typeof images): number =>
          metric.compute(
            answersOf(
              order.map(({ label }) => label),
              order.map(({ row }) => row),
            ),
          );
        expect(value(images.toReversed())).toBeCloseTo(value(images), 12);
      }),
    );
  });
});

const classes = ["happy", "sad", "other"];

function evaluated({ labels, probabilities }: Answers): EvaluationResult {
  const rows = Float32Array.from(probabilities);
  const outputs = {
    probabilities: rows,
    logits: rows.map((p) => Math.log(p + 1e-6)),
    embedding: new Float32Array(),
  };
  const options = { temperature: 1.5, fittedHere: true };
  return evaluationResult(evaluation(outputs, Array.from(labels), classes, options), "test");
}

/** The metrics as read from evaluation.json. */
const written = (found: object): EvaluationRecord =>
  evaluationSchema.parse(JSON.parse(JSON.stringify(found)));

function pages(record: EvaluationRecord): { html: string; card: string } {
  const run: RunRecord = {
    folder: "runs/a",
    ...{ name: "run", history: [], phases: [], predictions: [], damaged: [], evaluation: record },
    ...{
      recipe: undefined,
      environment: undefined,
      data: undefined,
      audit: undefined,
      robustness: undefined,
      prior: undefined,
    },
  };
  return { html: reportHtml(run, { faces: [], notes: [] }), card: modelCardMarkdown(run) };
}

describe.each(["a class without images", "one image, right"])("an evaluation of %s", (name) => {
  const found = evaluated(cases[name] as Answers);
  const record = written(found);
  const { html, card } = pages(record);
  const text = evaluationText(found);

  test.each(metricEntries)("has %s in JSON, text, report and card", (key, metric) => {
    const value = found[key];
    expect(record[key]).toBe(Number.isNaN(value) ? null : value);
    expect(text).toMatch(new RegExp(`^${metric.label} +${metricText(metric, value)}(  \\(|$)`, "m"));
    const shown = metric.format === "percent" ? percents(value) : decimals(value);
    const title = metric.label.charAt(0).toUpperCase() + metric.label.slice(1);
    // A few appear next to the accuracy, the others in a table, and none in both.
    const figure = `<dt>${escape(title)}</dt><dd class="value">${shown}</dd>`;
    const row = `<th scope="row">${escape(title)}</th><td>${shown}</td>`;
    expect([figure, row].filter((one) => html.includes(one))).toHaveLength(1);
    expect(card.replaceAll("\u00a0", " ")).toMatch(
      new RegExp(`^- ${title} ${shown.replaceAll("\u00a0", " ")}( \\(|\\.$)`, "m"),
    );
  });

  test("has no NaN in words", () => {
    expect(`${text}${html}${card}`).not.toMatch(/NaN|undefined/);
  });
});

test("an evaluation.json of before a metric is read, and shows what it has", () => {
  const all = written(evaluated(cases.perfect as Answers));
  const names: readonly string[] = metricEntries.map(([name]) => name).filter((name) => name !== "nll");
  const { html, card } = pages(
    written(Object.fromEntries(Object.entries(all).filter(([key]) => !names.includes(key)))),
  );
  for (const shown of [html, card]) {
    expect(shown).toContain("Log loss");
    expect(shown).not.toMatch(/Brier|Balanced accuracy|NaN|undefined/);
  }
});

test("a comparison has the metrics of answers for both models, and no others", () => {
  const [a, b] = [sureOf([0, 1, 2, 0], 3), sureOf([0, 1, 1, 1], 3)].map((rows) =>
    Float32Array.from(rows.flat()),
  );
  const found = comparisonResult(
    comparison([0, 1, 2, 0], a as Float32Array, b as Float32Array, classes),
    "test",
  );
  const text = comparisonText(found);
  for (const [name, metric] of metricEntries) {
    const numbers = found.metrics[name];
    expect(numbers !== undefined, name).toBe(metric.judges === "answers");
    if (!numbers) continue;
    expect(numbers.a).toBe(1);
    expect(numbers.change).toBe(numbers.b - numbers.a);
    const cells = [numbers.a, numbers.b].map((value) => metricText(metric, value));
    expect(text).toMatch(new RegExp(`^${metric.label} +${cells.join(" +")} +-\\d`, "m"));
  }
});
