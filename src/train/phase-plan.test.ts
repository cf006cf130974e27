import { expect, test } from "vitest";
import { PhasePlan } from "./phase-plan.ts";
import { type Phase, phaseSchema } from "./recipe.ts";

const phaseOf = (changes: object): Phase =>
  phaseSchema.parse({
    name: "all",
    train: "all",
    epochs: 10,
    optimizer: { type: "adamw", learningRate: 1 },
    schedule: { type: "cosine", warmup: 0, minimumFactor: 0 },
    ...changes,
  });
const rates = (plan: PhasePlan, from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, i) => plan.rate(from + i));

test("a phase that is not cut has its epochs, and the schedule over all of them", () => {
  const plan = new PhasePlan(phaseOf({}), 8);
  expect([plan.batches, plan.epochs, plan.stepsOf(9)]).toEqual([80, 10, 8]);
  expect(plan.rate(0)).toBe(1);
  expect(plan.rate(40)).toBeCloseTo(0.5);
});

test.each([
  ["cosine", { type: "cosine", warmup: 0.5, minimumFactor: 0 }],
  ["oneCycle", { type: "oneCycle" }],
])("a cut %s goes on from its rate without a jump, and ends where it would have ended", (_, schedule) => {
  const whole = new PhasePlan(phaseOf({ schedule }), 8);
  const plan = new PhasePlan(phaseOf({ schedule }), 8);
  plan.cut(30, 45);
  expect([plan.batches, plan.epochs, plan.stepsOf(4), plan.stepsOf(5)]).toEqual([45, 6, 8, 5]);
  expect(rates(plan, 0, 31)).toEqual(rates(whole, 0, 31));
  expect(plan.rate(44)).toBeCloseTo(whole.rate(79), 12);
  const left = rates(plan, 30, 45);
  expect(left).toEqual([...left].sort((a, b) => b - a));
});

test("what was cut is cut again, and every earlier rate stays", () => {
  const plan = new PhasePlan(phaseOf({}), 8);
  plan.cut(20, 60);
  const before = rates(plan, 0, 36);
  plan.cut(35, 40);
  expect(rates(plan, 0, 36)).toEqual(before);
  expect(plan.rate(39)).toBeCloseTo(new PhasePlan(phaseOf({}), 8).rate(79), 12);
  // The same cuts in a recipe give the same plan.
  const read = new PhasePlan(phaseOf({ cuts: plan.cuts }), 8);
  expect(rates(read, 0, 40)).toEqual(rates(plan, 0, 40));
});

test("a cut before one that is recorded voids it: that one was decided in a time that is not gone through again", () => {
  const plan = new PhasePlan(phaseOf({ cuts: [{ update: 50, batches: 60 }] }), 8);
  plan.cut(20, 30);
  expect(plan.cuts).toEqual([{ update: 20, batches: 30 }]);
});

test("a cut at once ends a phase, and one to nothing leaves it out", () => {
  const plan = new PhasePlan(phaseOf({ accumulate: 2 }), 8);
  plan.cut(6, 12);
  expect([plan.epochs, plan.stepsOf(1)]).toEqual([2, 4]);
  plan.cut(6, 0);
  expect(plan.epochs).toBe(0);
});

test("an extension goes through the end of the schedule that all epochs together would have had", () => {
  const together = new PhasePlan(phaseOf({ epochs: 15 }), 8);
  const extension = new PhasePlan(phaseOf({ epochs: 5, earlierEpochs: 10 }), 8);
  expect(extension.batches).toBe(40);
  expect(rates(extension, 0, 40)).toEqual(rates(together, 80, 120));
});
