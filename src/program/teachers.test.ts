/** Teachers in a train step: their predictions, their weights, and that they are not trained. */

import { expect, test } from "vitest";
import { architecture, optimizer, weights } from "../../test/support/small-step.ts";
import { describe, withNewWeights } from "../models/classifier.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { Stepper } from "../train/stepper.ts";
import { UsageError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { compileForward } from "./predict.ts";
import type { Teacher } from "./teachers.ts";
import { compileTrain, type TrainOptions } from "./train.ts";

const BATCH = 4;
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 1 }));
const rng = random("teachers");
const pictures = floatTensor([BATCH, 1, 16, 16], Array.from({ length: BATCH * 256 }, rng.normal));
const labels = [0, 1, 1, 0];
const targets = floatTensor(
  [BATCH, 2],
  labels.flatMap((label) => [1 - label, label]),
);

/** A network with more classes, in another order. */
const wide = { ...architecture, classes: ["b", "c", "a"] };
const wideWeights = withNewWeights(describe(wide).specs, new Map(), 8);
const teachers: Teacher[] = [
  {
    architecture,
    weights: withNewWeights(describe(architecture).specs, new Map(), 7),
    temperature: 1.5,
    weight: 1,
  },
  { architecture: wide, weights: wideWeights, temperature: 1, weight: 3 },
];

const base: TrainOptions = {
  architecture,
  weights,
  batch: BATCH,
  trainable: () => true,
  input: { kind: "normalised" },
  batchNorm: "running",
  optimizer,
};

async function logitsOf(of: typeof architecture, tensors: StateDict): Promise<number[][]> {
  const open = await engine.open(compileForward(of, tensors));
  const { logits } = await open.run({ pictures });
  await open.release();
  const classes = of.classes.length;
  return Array.from({ length: BATCH }, (_, n) =>
    Array.from(logits?.data.slice(n * classes, (n + 1) * classes) as Float32Array),
  );
}

function softmaxOf(logits: readonly number[]): number[] {
  const exps = logits.map(Math.exp);
  const sum = exps.reduce((a, b) => a + b);
  return exps.map((e) => e / sum);
}

test("the loss weighs labels and the teachers' calibrated answers as its formula says", async () => {
  const [temperature, share] = [2, 0.3];
  const program = compileTrain({ ...base, teachers, distillation: { temperature, share } });
  const stepper = await Stepper.open(engine, program, { rate: 1e-3 });
  await stepper.load(weights);
  const { loss } = await stepper.step({ pictures, targets });
  await stepper.release();

  const student = await logitsOf(architecture, weights);
  const [first = [], second = []] = await Promise.all(
    teachers.map((one) => logitsOf(one.architecture, one.weights)),
  );
  let expected = 0;
  for (const [n, logits] of student.entries()) {
    const [b, , a] = second[n] as number[];
    const one = softmaxOf((first[n] as number[]).map((z) => z / (1.5 * temperature)));
    const two = softmaxOf([a, b].map((z) => (z as number) / temperature));
    const soft = softmaxOf(logits.map((z) => z / temperature));
    const answered = soft.reduce(
      (sum, p, c) => sum - (((one[c] as number) + 3 * (two[c] as number)) / 4) * Math.log(p),
      0,
    );
    const own = -Math.log(softmaxOf(logits)[labels[n] as number] as number);
    expected += ((1 - share) * own + share * temperature ** 2 * answered) / BATCH;
  }
  expect(loss).toBeCloseTo(expected, 5);
});

test("a student of its teacher alone comes to answer as the teacher does", async () => {
  const [teacher] = teachers as [Teacher];
  const distillation = { temperature: 1, share: 1 };
  const program = compileTrain({ ...base, teachers: [teacher], distillation });
  const stepper = await Stepper.open(engine, program, { rate: 3e-3 });
  await stepper.load(weights);
  expect([...(await stepper.state()).keys()].some((name) => name.includes("teacher"))).toBe(false);
  for (let step = 0; step < 60; step++) await stepper.step({ pictures, targets });
  const learned = await logitsOf(architecture, await stepper.weights());
  await stepper.release();
  const wanted = (await logitsOf(architecture, teacher.weights)).map((row) =>
    softmaxOf(row.map((z) => z / 1.5)),
  );
  for (const [n, row] of learned.entries())
    for (const [c, p] of softmaxOf(row).entries()) expect(p).toBeCloseTo(wanted[n]?.[c] as number, 2);
});

test("teachers see the student's augmented images at their own size", () => {
  const larger: Teacher = { ...(teachers[0] as Teacher), architecture: { ...architecture, inputSize: 24 } };
  const normalised = () => compileTrain({ ...base, teachers: [larger] });
  expect(normalised).toThrow("a teacher needs a different size or normalisation from the student");
});

test("a teacher that lacks a class is refused, and so are teachers on cached features", () => {
  const other = { ...architecture, classes: ["a", "c"] };
  const teacher = { architecture: other, weights: withNewWeights(describe(other).specs, new Map(), 1) };
  const options = { ...base, teachers: [{ ...teacher, temperature: 1, weight: 1 }] };
  expect(() => compileTrain(options)).toThrow(UsageError);
  expect(() => compileTrain(options)).toThrow(/a teacher does not know the class "b", only a, c/);
  expect(() => compileTrain({ ...base, teachers, input: { kind: "features" } })).toThrow(
    /teachers need images/,
  );
});
