/** The length of a phase and the course of its learning rate, including changes by a time budget while it trains. */

import { rateAt } from "../optim/schedules.ts";
import type { Cut, Phase } from "./recipe.ts";

/**
 * The plan of one phase, in batches. A shortened phase runs through the rest of its schedule faster; a phase that is lengthened
 * again, more slowly. Either way its learning rate ends at the planned value. Cuts are part of the recipe: with them, a training
 * can be resumed or repeated without a clock.
 */
export class PhasePlan {
  readonly batchesPerEpoch: number;
  readonly #phase: Phase;
  #cuts: readonly Cut[];

  constructor(phase: Phase, batchesPerEpoch: number) {
    this.batchesPerEpoch = batchesPerEpoch;
    this.#phase = phase;
    this.#cuts = phase.cuts ?? [];
  }

  get cuts(): readonly Cut[] {
    return this.#cuts;
  }

  /** The batches of the phase; the last epoch may be incomplete. */
  get batches(): number {
    return this.#cuts.at(-1)?.batches ?? this.unchanged;
  }

  /** The batches of the phase if its plan does not change. */
  get unchanged(): number {
    return this.#phase.epochs * this.batchesPerEpoch;
  }

  /** The number of epochs, including an incomplete last one. */
  get epochs(): number {
    return Math.ceil(this.batches / this.batchesPerEpoch);
  }

  /** Returns the batches of an epoch, counted from 0. */
  stepsOf(epoch: number): number {
    return Math.min(this.batchesPerEpoch, this.batches - epoch * this.batchesPerEpoch);
  }

  /** Ends the phase after `batches` in total, as decided after `update` updates. Later cuts become void. */
  cut(update: number, batches: number): void {
    this.#cuts = [...this.#cuts.filter((one) => one.update < update), { update, batches }];
  }

  /** Returns the share of the schedule before an update. */
  shareBefore(update: number): number {
    return Math.min(1, this.#position(update) / this.#updatesIn(this.#phase.epochs));
  }

  /** Returns the learning rate of an update, counted from 0. */
  rate(update: number): number {
    const { schedule, optimizer, epochs, accumulate, earlierEpochs = 0 } = this.#phase;
    const stepsPerEpoch = this.batchesPerEpoch / accumulate;
    const length = { stepsPerEpoch, totalSteps: this.#updatesIn(earlierEpochs + epochs) };
    const position = this.#updatesIn(earlierEpochs) + this.#position(update);
    return rateAt(schedule, optimizer.learningRate, position, length);
  }

  #updatesIn(epochs: number): number {
    return Math.floor((this.batchesPerEpoch * epochs) / this.#phase.accumulate);
  }

  /** Returns the position of an update in the schedule of the whole phase. */
  #position(update: number): number {
    const last = this.#updatesIn(this.#phase.epochs) - 1;
    let [from, start, pace] = [0, 0, 1];
    for (const cut of this.#cuts) {
      if (cut.update > update) break;
      start += (cut.update - from) * pace;
      from = cut.update;
      const left = Math.floor(cut.batches / this.#phase.accumulate) - 1 - from;
      pace = left > 0 ? Math.max(0, last - start) / left : 0;
    }
    return start + (update - from) * pace;
  }
}
