import { expect, test } from "vitest";
import { type AdvisedRun, adviceFor, weakestClass } from "./advice.ts";

const classes = ["happy", "sad", "fear"];
const evaluation = (confusion: number[][], changes: object = {}): AdvisedRun["evaluation"] => {
  const n = confusion.flat().reduce((sum, value) => sum + value, 0);
  const right = confusion.reduce((sum, row, k) => sum + (row[k] as number), 0);
  const interval: [number, number] = [right / n - 0.01, Math.min(1, right / n + 0.01)];
  return {
    n,
    split: "validation",
    classes,
    confusion,
    accuracy: right / n,
    interval,
    majority: 0.4,
    ...changes,
  };
};
const usual = [
  [900, 50, 50],
  [100, 800, 100],
  [50, 350, 600],
];
const history = (training: number[], validation: number[]): AdvisedRun["history"] =>
  validation.map((validationAccuracy, i) => ({
    phase: "last",
    epoch: i + 1,
    trainLoss: 1,
    trainAccuracy: training[i] as number,
    validationLoss: 1,
    validationAccuracy,
    learningRate: 1e-3,
    seconds: 1,
    imagesPerSecond: 1,
  }));
const run = (changes: Partial<AdvisedRun>): AdvisedRun => ({
  ...{ history: [], phases: [], data: undefined, recipe: undefined, evaluation: evaluation(usual) },
  ...changes,
});
const data = (train: number[]): AdvisedRun["data"] => ({
  ...{ sources: ["photos"], fingerprint: "f", classes, leftOut: [], notes: [], unreadable: [] },
  counts: { train },
});
const topics = (of: AdvisedRun): string[] => adviceFor(of, "runs/a").map(({ topic }) => topic);
const rising = history([0.5, 0.6, 0.65, 0.7], [0.5, 0.6, 0.66, 0.7]);

test("the weakest class is the one with the lowest recall, among those that occur", () => {
  expect(weakestClass(usual)).toBe(2);
  const absent = [[0, 0, 0], ...usual.slice(1)];
  expect(weakestClass(absent)).toBe(2);
  const onlyOne = [
    [3, 1],
    [0, 0],
  ];
  expect(weakestClass(onlyOne)).toBeUndefined();
});

test("it is named with what it is taken for, and with its images if it has few", () => {
  const [plain] = adviceFor(run({}), "runs/a");
  expect(plain).toMatchObject({ topic: "class", title: "Look at the mistakes on fear" });
  expect(plain?.text).toContain(
    "60.0\u00a0% of its images are right. 350 of its 1,000 images were taken for sad.",
  );
  const [scarce] = adviceFor(run({ data: data([1000, 900, 200]) }), "runs/a");
  expect(scarce?.title).toBe("Add images of fear");
  expect(scarce?.text).toContain("It has 200 training images; the average class has 700.");
});

test("of few images counts are given, no percentages", () => {
  const [advice] = adviceFor(
    run({
      evaluation: evaluation([
        [9, 0, 0],
        [0, 1, 1],
        [0, 0, 9],
      ]),
    }),
    "runs/a",
  );
  expect(advice?.text).toContain(
    "is sad: 1 of its 2 images are right. 1 of its 2 images was taken for fear.",
  );
});

test("the worst confusion is said once: not beside the class that it is of", () => {
  expect(topics(run({}))).toEqual(["class"]);
  const spread = [
    [700, 300, 0],
    [0, 1000, 0],
    [200, 200, 600],
  ];
  expect(topics(run({ evaluation: evaluation(spread) }))).toEqual(["class", "confusion"]);
});

test("a curve that still rises asks for epochs, one that has parted for images, a flat one for neither", () => {
  expect(adviceFor(run({ history: rising }), "runs/a")[0]).toMatchObject({
    topic: "epochs",
    command: ["train", "--resume", "runs/a", "--extend", "4"],
  });
  const parted = history([0.6, 0.8, 0.9, 0.97], [0.6, 0.65, 0.66, 0.7]);
  expect(topics(run({ history: parted }))[0]).toBe("images");
  const flat = history([0.6, 0.68, 0.7, 0.72], [0.6, 0.68, 0.7, 0.701]);
  expect(topics(run({ history: flat }))[0]).toBe("network");
  const early = [{ name: "last", epochs: 4, best: 0.7, reason: "no better for 3 epochs in a row" }];
  expect(topics(run({ history: rising, phases: early }))[0]).toBe("network");
});

test("only the last phase's epochs count, and few are not judged", () => {
  const head = rising.map((epoch) => ({ ...epoch, phase: "head" }));
  const [last] = history([0.8], [0.8]);
  expect(topics(run({ history: [...head, last as (typeof head)[number]] }))).toEqual(["epochs", "class"]);
  const [two] = adviceFor(run({ history: history([0.6, 0.7], [0.7, 0.6]) }), "runs/a");
  expect(two).toMatchObject({
    title: "Train for more epochs",
    command: ["train", "--resume", "runs/a", "--extend", "4"],
  });
  expect(two?.text).toContain("2 epochs are too few");
});

test("a run that its time budget cut is given more time first, however its curve goes", () => {
  const cut = (done: number, epochs: AdvisedRun["history"]) =>
    adviceFor(
      run({
        history: epochs,
        phases: [{ name: "last", epochs: 4, best: 0.7, reason: `time is up after ${done} of 7 epochs` }],
      }),
      "runs/a",
    )[0];
  expect(cut(3.29, rising)).toMatchObject({
    topic: "time",
    command: ["train", "--resume", "runs/a", "--extend", "4"],
  });
  expect(cut(0.5, history([0.3], [0.3]))).toMatchObject({
    topic: "time",
    command: ["train", "--resume", "runs/a", "--extend", "7"],
  });
});

test("numbers that are missing or null are no advice", () => {
  expect(adviceFor(run({ evaluation: undefined }), "runs/a")).toEqual([]);
  const unknown = rising.map((epoch) => ({ ...epoch, trainAccuracy: null, validationAccuracy: null }));
  for (const { text } of adviceFor(run({ history: unknown }), "runs/a"))
    expect(text).not.toMatch(/NaN|null|Infinity|–/);
});

test("a wide interval and an accuracy near 100 % are spoken of", () => {
  const wide = evaluation(usual, { n: 60, interval: [0.65, 0.85] });
  expect(adviceFor(run({ evaluation: wide }), "runs/a").at(-1)?.text).toContain("±10.0 points");
  const few = evaluation(
    [
      [4, 0],
      [0, 4],
    ],
    { classes: ["happy", "sad"], interval: [0.676, 1] },
  );
  const advised = adviceFor(run({ evaluation: few }), "runs/a").at(-1);
  expect(advised?.title).toBe("Measure on more than 8 images");
  expect(advised?.text).toContain("67.6 to 100.0");
  expect(topics(run({ evaluation: few, history: rising }))).toEqual(["epochs", "result"]);
  const perfect = evaluation([
    [10, 0, 0],
    [0, 10, 0],
    [0, 0, 10],
  ]);
  expect(topics(run({ evaluation: perfect, history: rising }))).toEqual(["result"]);
});
