import { expect, test } from "vitest";
import type { RunEvent } from "./run-events.ts";
import { apply, bestEpoch, emptyRun, quietFor, type RunState, secondsLeft } from "./run-state.ts";

const origin = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds: number) => ({ time: new Date(origin + seconds * 1000).toISOString() });

const start = (seconds: number): RunEvent => ({
  event: "start",
  ...at(seconds),
  classes: ["happy", "sad"],
  pictures: { training: 100, validation: 10 },
  watched: [],
});
const phaseStart = (seconds: number, phase: string): RunEvent => ({
  event: "phaseStart",
  ...at(seconds),
  phase,
});
const step = (seconds: number, phase: string, epoch: number, step: number): RunEvent => ({
  event: "step",
  ...at(seconds),
  ...{ phase, epoch, step, steps: 10, loss: seconds, meanLoss: 1, accuracy: 0.5 },
  ...{ learningRate: 0.1, imagesPerSecond: 100 },
});
const epochEnd = (
  seconds: number,
  phase: string,
  epoch: number,
  validationAccuracy: number,
  validationLoss = 1,
): RunEvent => ({
  event: "epochEnd",
  ...at(seconds),
  ...{ phase, epoch, trainLoss: 1, trainAccuracy: 0.5, validationLoss, validationAccuracy },
  ...{ learningRate: 0.1, seconds: 8, imagesPerSecond: 100, steps: 10 },
});
const phaseEnd = (seconds: number, name: string): RunEvent => ({
  event: "phaseEnd",
  ...at(seconds),
  ...{ name, epochs: 2, best: 0.5, reason: "all 2 epochs are done" },
});

function stateOf(...events: readonly RunEvent[]): RunState {
  const state = emptyRun();
  for (const event of events) apply(state, event);
  return state;
}

/** Two epochs of the head, and half of the first one of all. */
const half = [
  start(0),
  phaseStart(1, "head"),
  step(5, "head", 1, 5),
  epochEnd(11, "head", 1, 0.4),
  step(15, "head", 2, 5),
  epochEnd(21, "head", 2, 0.6),
  phaseEnd(21, "head"),
  phaseStart(22, "all"),
  step(25, "all", 1, 5),
];

test("places are counted in epochs since the beginning of the run", () => {
  const state = stateOf(...half);
  expect(state.steps.map(({ x }) => x)).toEqual([0.5, 1.5, 2.5]);
  expect(state.epochs.map(({ x, wall }) => [x, wall])).toEqual([
    [1, 10],
    [2, 10],
  ]);
  expect(state.phases).toEqual([
    { name: "head", from: 0, reason: "all 2 epochs are done" },
    { name: "all", from: 2, reason: undefined },
  ]);
  expect(state.current).toEqual({ phase: "all", epoch: 1, step: 5, steps: 10 });
  expect(bestEpoch(state)?.epoch).toBe(2);
});

test("the best of epochs of the same accuracy is the one of the lowest loss", () => {
  const epochs = [
    epochEnd(11, "head", 1, 0.6, 0.9),
    epochEnd(21, "head", 2, 0.6, 0.4),
    epochEnd(31, "head", 3, 0.6, 0.7),
  ];
  expect(bestEpoch(stateOf(start(0), phaseStart(1, "head"), ...epochs))?.epoch).toBe(2);
});

test("what a resumed training repeats replaces what was said before, and the time between counts as idle", () => {
  const stopped = stateOf(...half, step(27, "all", 1, 8), { event: "interrupted", ...at(28) });
  expect(stopped.ending).toBe("interrupted");
  for (const event of [start(1000), phaseStart(1001, "all"), step(1002, "all", 1, 6)]) apply(stopped, event);
  expect(stopped.ending).toBeUndefined();
  expect(stopped.steps.map(({ x, loss }) => [x, loss]).slice(2)).toEqual([
    [2.5, 25],
    [2.6, 1002],
  ]);
  expect(stopped.phases).toHaveLength(2);
  expect(stopped.idle).toBe(972_000);
  expect(stopped.longestPause).toBe(6000);
  // The time of an interrupted epoch does not count as the time of an epoch.
  apply(stopped, epochEnd(1010, "all", 1, 0.7));
  expect(stopped.epochs.at(-1)?.wall).toBeUndefined();
  // A kill between checkpoint and log repeats a whole epoch.
  apply(stopped, epochEnd(1020, "all", 1, 0.8));
  expect(stopped.epochs.map(({ validationAccuracy }) => validationAccuracy)).toEqual([0.4, 0.6, 0.8]);
});

test("time left: by the forecast until an epoch is over, then by what epochs take, and less as time goes by", () => {
  const now = (seconds: number): number => origin + seconds * 1000;
  const before = stateOf(start(0), phaseStart(1, "head"));
  expect(secondsLeft(before, 2, now(1))).toBeUndefined();
  apply(before, {
    event: "forecast",
    ...at(2),
    phase: "head",
    prepareSeconds: 4,
    stepSeconds: 0.5,
    steps: 20,
  });
  expect(secondsLeft(before, 2, now(2))).toBeCloseTo(14);
  expect(secondsLeft(before, 2, now(5))).toBeCloseTo(11);
  const later = stateOf(...half.slice(0, 5));
  expect(secondsLeft(later, 4, now(15))).toBeCloseTo(10 * 2.5);
  expect(secondsLeft(stateOf(...half.slice(0, 7)), 2, now(22))).toBeUndefined();
});

test("a run that says nothing for much longer than ever before is called quiet; one that ended is not", () => {
  const state = stateOf(...half);
  expect(quietFor(state, origin + 100_000)).toBeUndefined();
  expect(quietFor(state, origin + 325_000)).toBe(300_000);
  expect(quietFor(stateOf(...half, epochEnd(400, "all", 1, 0.5)), origin + 700_000)).toBeUndefined();
  apply(state, { event: "failed", ...at(30), message: "the loss became NaN" });
  expect(state).toMatchObject({ ending: "failed", failure: "the loss became NaN" });
  expect(quietFor(state, origin + 9e9)).toBeUndefined();
});
