/** The loop: early stopping, the best epoch, averages, forecasts, and gradients that accumulate over several batches. */

import { expect, test } from "vitest";
import { architecture, weights } from "../../test/support/small-step.ts";
import { averageShare } from "../optim/gradient-tools.ts";
import { rateAt } from "../optim/schedules.ts";
import { type ProgramTensor, toCanonical } from "../program/program.ts";
import { compileTrain } from "../program/train.ts";
import { type Engine, localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { UsageError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { floatTensor, type StateDict, type Tensor } from "../util/tensor.ts";
import type { StepEvent, TrainEvents } from "./events.ts";
import { type LoopHost, runLoop } from "./loop.ts";
import { resolveRecipe } from "./override.ts";
import { PhasePlan } from "./phase-plan.ts";
import { newProgress, type Progress } from "./progress.ts";
import type { Phase } from "./recipe.ts";
import type { BatchSource } from "./source.ts";
import { Stepper } from "./stepper.ts";

const BATCH = 4;
const HEAD = "head.fc.weight";
const engine = localEngine(({ model }) => openSession(model, { device: "cpu", threads: 1 }));
const base = resolveRecipe("progressive", ["model=vultus_s", "head=linear", "phases.head.patience=9"]);

interface Checkpoint {
  readonly tensors: StateDict;
  readonly progress: Progress;
}

interface Outcome {
  readonly checkpoint: Checkpoint;
  readonly steps: readonly StepEvent[];
  /** The head after each epoch, as validated, and after each step, including the steps of the forecast. */
  readonly heads: readonly Tensor["data"][];
  readonly stepped: readonly Tensor["data"][];
  /** How often the best weights were saved. */
  readonly saved: number;
  /** Why the phase ended; empty if it was interrupted. */
  readonly reason: string;
  readonly forecasts: number;
  /** Batches of the phase, counted from 1, after which the head had changed. */
  readonly updates: readonly number[];
}

/** Returns the features of a batch by its number in the phase, so that the division into epochs changes no batch. */
function sourceOf(batchesPerEpoch: number): BatchSource {
  const { features } = architecture.backbone;
  const source: BatchSource = {
    batchesPerEpoch,
    async prepare() {},
    rehearse: async (epoch) => ({ feeds: source.feeds(epoch, 0), prepareSeconds: 0 }),
    feeds(epoch, index) {
      const rng = random("loop", epoch * batchesPerEpoch + index);
      return {
        features: floatTensor([BATCH, features], Array.from({ length: BATCH * features }, rng.normal)),
        targets: floatTensor([BATCH, 2], [1, 0, 0, 1, 1, 0, 0, 1]),
      };
    },
  };
  return source;
}

interface Circumstances {
  /** Batches after which the training is interrupted. */
  readonly stopAfter?: number;
  readonly from?: Checkpoint;
  /** Validation accuracies by epoch; 0.5 for epochs without one. */
  readonly accuracies?: readonly number[];
  /** Validation losses by epoch; 1 for epochs without one. */
  readonly losses?: readonly number[];
}

/** Trains a head for one phase. */
async function train(
  batchesPerEpoch: number,
  settings: Partial<Phase>,
  { stopAfter, from, accuracies = [], losses = [] }: Circumstances = {},
): Promise<Outcome> {
  const phase = { ...(base.phases[0] as Phase), ...settings };
  const stop = new AbortController();
  const steps: StepEvent[] = [];
  const updates: number[] = [];
  let checkpoint: Checkpoint | undefined;
  let best: StateDict = new Map();
  const heads: Tensor["data"][] = [];
  const stepped: Tensor["data"][] = [];
  let saved = 0;
  let reason = "";
  let forecasts = 0;
  const host: LoopHost = {
    recipe: { ...base, phases: [phase] },
    signal: stop.signal,
    async emit(name, event) {
      if (name === "step") steps.push(event as TrainEvents["step"]);
      if (name === "phaseEnd") reason = (event as TrainEvents["phaseEnd"]).reason;
      if (name === "forecast") forecasts++;
      if (steps.length === stopAfter) stop.abort();
    },
    async setUp(_, weights) {
      const program = compileTrain({
        architecture,
        weights,
        batch: BATCH,
        trainable: (stage) => stage === "head",
        input: { kind: "features" },
        batchNorm: "running",
        optimizer: phase.optimizer,
        accumulate: phase.accumulate,
        ema: phase.ema,
      });
      const entry = program.tensors.find(({ name }) => name === HEAD) as ProgramTensor;
      const watched: Engine = {
        ...engine,
        async open(program) {
          const open = await engine.open(program);
          const head = async () => toCanonical(entry, (await open.state())[HEAD] as Tensor).data;
          return {
            ...open,
            async step(feeds) {
              const before = await head();
              const metrics = await open.step(feeds);
              const after = await head();
              if (String(after) !== String(before)) updates.push(steps.length + 1);
              stepped.push(after);
              return metrics;
            },
          };
        },
      };
      const plan = new PhasePlan(phase, batchesPerEpoch);
      const stepper = await Stepper.open(watched, program, {
        rate: (update) => plan.rate(update),
        key: [base.seed, phase.name],
      });
      return {
        weights,
        source: sourceOf(batchesPerEpoch),
        plan,
        stepper,
        async validate(trained) {
          const accuracy = accuracies[heads.length] ?? 0.5;
          const loss = losses[heads.length] ?? 1;
          heads.push((trained.get(HEAD) as Tensor).data);
          return { loss, accuracy, confusion: [], watched: [] };
        },
        close: () => stepper.release(),
      };
    },
    async saveCuts() {},
    async saveCheckpoint(tensors, progress) {
      checkpoint = { tensors: new Map(tensors), progress: structuredClone(progress) };
    },
    async saveBest(weights) {
      saved++;
      best = weights;
    },
    loadBest: async () => best,
    checkpointDue: () => false,
  };
  const begun = from?.progress ?? newProgress();
  const initial = new Map([...weights].map(([name, tensor]) => [name, from?.tensors.get(name) ?? tensor]));
  await runLoop(host, initial, from?.tensors ?? new Map(), structuredClone(begun));
  return { checkpoint: checkpoint as Checkpoint, steps, heads, stepped, saved, reason, forecasts, updates };
}

const headOf = ({ checkpoint }: Outcome) => checkpoint.tensors.get(HEAD)?.data;

test("a phase ends once its patience is over, with the weights of its best epoch", async () => {
  const outcome = await train(2, { epochs: 9, patience: 2 }, { accuracies: [0.5, 0.7, 0.6, 0.6] });
  const { heads, saved, reason, checkpoint } = outcome;
  expect(heads).toHaveLength(4);
  expect(saved).toBe(2);
  expect(checkpoint.progress.best).toEqual({ phase: "head", epoch: 2, accuracy: 0.7 });
  expect(headOf(outcome)).toEqual(heads[1]);
  expect(headOf(outcome)).not.toEqual(heads[3]);
  expect(reason).toBe("no better for 2 epochs in a row");
});

test("an epoch as good as the best is no better, and one that is better starts the patience anew", async () => {
  const accuracies = [0.5, 0.5, 0.6, 0.6, 0.6];
  const { heads, saved } = await train(1, { epochs: 9, patience: 2 }, { accuracies });
  expect([heads.length, saved]).toEqual([5, 2]);
});

test("among epochs of the same accuracy, the one of the lowest loss is kept, but the patience runs on", async () => {
  const settings = { epochs: 9, patience: 3 };
  const outcome = await train(1, settings, {
    accuracies: [0.5, 1, 1, 1, 0.9],
    losses: [1, 0.9, 0.2, 0.4, 0.1],
  });
  const { heads, saved, checkpoint } = outcome;
  expect(heads).toHaveLength(5);
  expect(saved).toBe(3);
  expect(checkpoint.progress.best).toEqual({ phase: "head", epoch: 3, accuracy: 1 });
  expect(headOf(outcome)).toEqual(heads[2]);
});

test("a phase that goes on rising ends with its epochs", async () => {
  const { reason } = await train(1, { epochs: 3, patience: 1 }, { accuracies: [0.5, 0.6, 0.7] });
  expect(reason).toBe("all 3 epochs are done");
});

test("a single epoch is one epoch in words too", async () => {
  expect((await train(2, { epochs: 1 })).reason).toBe("its 1 epoch is done");
  const { reason } = await train(2, { epochs: 3, patience: 1 }, { accuracies: [0.5, 0.5] });
  expect(reason).toBe("no better for 1 epoch in a row");
});

test("a phase that a time budget changed ends with the epochs that it came to", async () => {
  const cut = async (batches: number) =>
    (await train(2, { epochs: 2, cuts: [{ update: 0, batches }] })).reason;
  expect(await cut(3)).toBe("time is up after 1.5 of 2 epochs");
  expect(await cut(5)).toBe("all 2.5 epochs that there was time for are done, instead of 2");
});

test("a rise below the minimum improvement is kept as the best, but the patience runs on", async () => {
  const settings = { epochs: 9, patience: 2, minimumImprovement: 0.1 };
  const outcome = await train(1, settings, { accuracies: [0.5, 0.54, 0.58] });
  const { heads, saved, reason, checkpoint } = outcome;
  expect(heads).toHaveLength(3);
  expect(saved).toBe(3);
  expect(checkpoint.progress.best?.epoch).toBe(3);
  expect(headOf(outcome)).toEqual(heads[2]);
  expect(reason).toBe("no better for 2 epochs in a row");
});

test("what is validated is the moving average, which starts where the weights do", async () => {
  const { heads, stepped } = await train(3, { epochs: 2, ema: 0.5 });
  let average = [...(weights.get(HEAD) as Tensor).data].map(Number);
  for (const [step, head] of stepped.entries()) {
    const share = averageShare(0.5, step + 1);
    average = average.map((value, i) => value + share * (Number(head[i]) - value));
    if (step % 3 < 2) continue;
    const validated = heads[Math.floor(step / 3)] as Tensor["data"];
    for (const [i, value] of average.entries()) expect(validated[i]).toBeCloseTo(value, 6);
  }
});

test("the steps of a forecast leave nothing behind", async () => {
  const constant = { epochs: 1, schedule: { type: "constant" }, ema: 0.9 } as const;
  const [forecast, none] = await Promise.all([
    train(60, constant, { stopAfter: 49 }),
    train(49, constant, { stopAfter: 49 }),
  ]);
  expect([forecast.forecasts, none.forecasts]).toEqual([1, 0]);
  expect([forecast.stepped.length, none.stepped.length]).toEqual([52, 49]);
  expect(forecast.checkpoint.progress).toMatchObject({ step: 49, updates: 49, seen: 49 * BATCH });
  expect([...forecast.checkpoint.tensors.keys()]).toContain(`average.${HEAD}`);
  for (const [name, tensor] of none.checkpoint.tensors)
    expect(forecast.checkpoint.tensors.get(name), name).toEqual(tensor);
});

test("an update takes in the end of one epoch and the start of the next", async () => {
  const constant = { accumulate: 2, schedule: { type: "constant" } } as const;
  const two = await train(3, { ...constant, epochs: 2 });
  expect(two.updates).toEqual([2, 4, 6]);
  // If accuracy never rises, the best weights are those of the first epoch, so the states before are compared.
  const [parted, whole] = await Promise.all([
    train(3, { ...constant, epochs: 2 }, { stopAfter: 6 }),
    train(6, { ...constant, epochs: 1 }, { stopAfter: 6 }),
  ]);
  expect(headOf(parted)).toEqual(headOf(whole));
});

test("epochs shorter than an update still train", async () => {
  expect((await train(2, { accumulate: 4, epochs: 4 })).updates).toEqual([4, 8]);
});

test("the schedule is as long as the updates of the phase", async () => {
  const schedule = { type: "cosine", warmup: 0, minimumFactor: 0 } as const;
  const { steps } = await train(3, { accumulate: 2, epochs: 3, schedule });
  const peak = base.phases[0]?.optimizer.learningRate as number;
  const length = { stepsPerEpoch: 1.5, totalSteps: 4 };
  expect(steps.map(({ learningRate }) => learningRate)).toEqual(
    [0, 0, 1, 1, 2, 2, 3, 3, 4].map((update) => rateAt(schedule, peak, update, length)),
  );
});

test("a phase that would end before its first update is refused", async () => {
  const refused = train(2, { accumulate: 7, epochs: 3 });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow(
    /phase head has 6 batches in all and would accumulate the gradients of 7 .*`overrides: "phases\.head\.accumulate=6"`/,
  );
});

test.each([1, 2, 3, 4, 5])(
  "interrupted after %i of 6 batches and resumed: the same bits",
  async (stopAfter) => {
    const settings = { accumulate: 2, epochs: 2 };
    const whole = await train(3, settings, { stopAfter: 6 });
    const { checkpoint } = await train(3, settings, { stopAfter });
    const resumed = await train(3, settings, { from: checkpoint, stopAfter: 6 - stopAfter });
    expect([...resumed.checkpoint.tensors.keys()]).toEqual([...whole.checkpoint.tensors.keys()]);
    const trained = [...whole.checkpoint.tensors].filter(([name, tensor]) => tensor !== weights.get(name));
    for (const [name, tensor] of trained)
      expect(resumed.checkpoint.tensors.get(name)?.data, name).toEqual(tensor.data);
  },
);
