/** A run folder as `vultus train` leaves it, with invented but plausible events of two phases, always the same. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "../../src/train/run-events.ts";
import { random } from "../../src/util/random.ts";

export const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
const phases = [
  { name: "head", epochs: 3, steps: 20, from: 0 },
  { name: "all", epochs: 6, steps: 40, from: 3 },
] as const;
const perClass = 50;

/** All events from start to end, seconds apart; the last one is sent at `until`, in milliseconds since 1970. */
export function recordedEvents(seed = 1, until = Date.now()): RunEvent[] {
  const rng = random("recorded run", seed);
  const made: { seconds: number; event: object }[] = [];
  let seconds = 0;
  const add = (pause: number, event: string, data: object): void => {
    seconds += pause;
    made.push({ seconds, event: { event, ...data } });
  };
  const watched = classes.flatMap((name, label) =>
    [0, 1].map((i) => ({ id: `validation/${name}/${i}.png`, label })),
  );
  add(0, "start", { classes, pictures: { training: 2400, validation: 300 }, watched });
  add(1, "note", { text: 'class "disgust" left out: 492 images' });
  for (const { name: phase, epochs, steps, from } of phases) {
    add(1, "phaseStart", { phase });
    add(2, "forecast", { phase, stepSeconds: 1, steps: steps * epochs });
    let best = 0;
    for (let epoch = 1; epoch <= epochs; epoch++) {
      const rateAt = (done: number): number => 0.001 * (1 + Math.cos((Math.PI * done) / epochs));
      for (let step = 2; step <= steps; step += 2) {
        const done = epoch - 1 + step / steps;
        const meanLoss = lossAt(from + done);
        add(2, "step", {
          ...{ phase, epoch, step, steps, meanLoss, loss: meanLoss * rng.uniform(0.85, 1.15) },
          ...{ accuracy: accuracyAt(from + done), learningRate: rateAt(done) },
          imagesPerSecond: rng.uniform(180, 220),
        });
      }
      const x = from + epoch;
      const validationAccuracy = accuracyAt(x) - 0.02 + rng.uniform(-0.01, 0.01);
      best = Math.max(best, validationAccuracy);
      add(4, "epochEnd", {
        ...{ phase, epoch, steps, trainLoss: lossAt(x), trainAccuracy: accuracyAt(x) },
        ...{ validationLoss: lossAt(x) + 0.05, validationAccuracy, learningRate: rateAt(epoch) },
        ...{ seconds: 2 * steps, imagesPerSecond: rng.uniform(190, 210), dataShare: 0.01, improved: true },
        confusion: classes.map((_, row) =>
          classes.map((_, column) => {
            const right = Math.round(perClass * validationAccuracy);
            if (row === column) return right;
            const share = (1 + ((row * 7 + column * 3) % 5)) / 15;
            return Math.round((perClass - right) * share);
          }),
        ),
        watched: watched.map(({ label }) => probabilities(rng, label, validationAccuracy)),
      });
    }
    add(0.1, "phaseEnd", { name: phase, epochs, best, reason: `all ${epochs} epochs are done` });
  }
  add(20, "finished", { split: "validation", accuracy: 0.66 });
  return made.map(({ seconds: when, event }) => {
    const time = new Date(until - (seconds - when) * 1000).toISOString();
    return { time, ...event } as RunEvent;
  });
}

/** The files that exist when a run begins. */
export function writeRecordedRun(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const recipe = {
    ...{ name: "finetune", model: "squeezenet1_1", inputSize: 48, batchSize: 60 },
    phases: phases.map(({ name, epochs }) => ({ name, epochs })),
  };
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(recipe));
  writeFileSync(join(folder, "environment.json"), JSON.stringify({ device: "cpu", threads: 2 }));
}

export const lineOf = (event: RunEvent): string => `${JSON.stringify(event)}\n`;

function lossAt(x: number): number {
  return 0.9 + 0.9 * Math.exp(-x / 2.5);
}

function accuracyAt(x: number): number {
  return 0.68 - 0.45 * Math.exp(-x / 2.5);
}

function probabilities(rng: ReturnType<typeof random>, label: number, accuracy: number): number[] {
  const raw = classes.map((_, k) => Math.exp(rng.normal() + (k === label ? 4 * accuracy : 0)));
  const total = raw.reduce((sum, p) => sum + p, 0);
  return raw.map((p) => Number((p / total).toFixed(4)));
}
