/** Progress, speed and remaining time of a training. */

import type { Recipe } from "./recipe.ts";

/** Steps over which the speed is averaged. */
const RECENT = 20;

export class StepClock {
  readonly #batchesPerEpoch: number;
  readonly #epochsOf: readonly number[];
  #recent: { readonly images: number; readonly seconds: number }[] = [];
  #scoringSeconds = 0;

  /** `phases` are the recipe's; all have the same number of batches per epoch. */
  constructor({ phases }: Pick<Recipe, "phases">, batchesPerEpoch: number) {
    this.#batchesPerEpoch = batchesPerEpoch;
    this.#epochsOf = phases.map(({ epochs }) => epochs);
  }

  /** Epochs of the whole training. */
  get epochs(): number {
    return sum(this.#epochsOf);
  }

  /** Steps of the whole training. */
  get steps(): number {
    return this.epochs * this.#batchesPerEpoch;
  }

  /** Epochs before a phase. */
  epochsBefore(phase: number): number {
    return sum(this.#epochsOf.slice(0, phase));
  }

  /** Steps before a place: `epoch` epochs and `step` steps of a phase are over. */
  stepsBefore(phase: number, epoch: number, step: number): number {
    return (this.epochsBefore(phase) + epoch) * this.#batchesPerEpoch + step;
  }

  stepped(images: number, seconds: number): void {
    this.#recent = [...this.#recent, { images, seconds }].slice(-RECENT);
  }

  /** Records the duration of an epoch's scoring. */
  scored(seconds: number): void {
    this.#scoringSeconds = seconds;
  }

  /** Average over the last steps. */
  get imagesPerSecond(): number {
    return sum(this.#recent.map(({ images }) => images)) / this.#seconds;
  }

  /** Estimates the remaining time after `done` steps. */
  secondsLeft(done: number): number {
    const left = this.steps - done;
    const scorings = Math.ceil(left / this.#batchesPerEpoch);
    return left * (this.#seconds / this.#recent.length) + scorings * this.#scoringSeconds;
  }

  get #seconds(): number {
    return sum(this.#recent.map(({ seconds }) => seconds));
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
