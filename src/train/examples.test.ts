/** Examples that are unsuitable for training are refused before anything is decoded. */

import { expect, test } from "vitest";
import { type Picture, UsageError } from "../index.ts";
import { classesOfExamples, decodeExamples, leakNotes } from "./examples.web.ts";

const grey = (value: number): Picture => ({
  pixels: new Uint8Array(4).fill(value),
  width: 2,
  height: 2,
  channels: 1,
});
const of = (...labels: string[]) => labels.map((label, i) => ({ image: grey(i), label }));

test("classes are those of the training examples, sorted, or as they are asked for", () => {
  const examples = { training: of("wink", "happy", "wink"), validation: of("happy") };
  expect(classesOfExamples(examples)).toEqual(["happy", "wink"]);
  expect(classesOfExamples({ ...examples, classes: ["wink", "happy"] })).toEqual(["wink", "happy"]);
});

test.each([
  ["no example", { training: [], validation: [] }, "at least two classes; these examples have none"],
  ["one class", { training: of("a", "a"), validation: of("a") }, "these examples have one, a"],
  [
    "an empty class",
    { training: of("a", "b"), validation: of("a"), classes: ["a", "b", "c"] },
    "there are no training examples of c; add some, or leave the class out",
  ],
  [
    "an unknown class",
    { training: of("a", "b"), validation: of("a", "d") },
    "validation example 2 is of the class d, which is not one of the classes a, b",
  ],
  [
    "two names of one class",
    { training: of("happy", "Happiness"), validation: of("happy") },
    "Happiness and happy are two names of one class; keep one",
  ],
  [
    "nothing to measure on",
    { training: of("a", "b"), validation: [] },
    "turn measuring off: `measure: false`",
  ],
] as const)("%s", (_, given, message) => {
  expect(() => classesOfExamples(given)).toThrow(UsageError);
  expect(() => classesOfExamples(given)).toThrow(message);
});

test("nothing needs to be kept apart if nothing is measured", () => {
  expect(classesOfExamples({ training: of("a", "b"), validation: [], measure: false })).toEqual(["a", "b"]);
});

test("examples become samples of their class, and equal pixels on both sides are noticed", async () => {
  const training = await decodeExamples(of("b", "a", "b"), "training", ["a", "b"], 64);
  const validation = await decodeExamples(of("b"), "validation", ["a", "b"], 64);
  expect(training.samples.map(({ label, split }) => [label, split])).toEqual([
    [1, "train"],
    [0, "train"],
    [1, "train"],
  ]);
  expect(training.get(2)).toEqual(grey(2));
  expect(leakNotes(training, validation)).toEqual([
    "leak: 1 of 1 validation examples are pixel-identical to training examples, so scores on them are too good",
  ]);
});
