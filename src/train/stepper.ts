/**
 * Runs the steps of a training program. It computes every feed that isn't data: dropout masks, the learning rate, bias
 * corrections, averaging shares, and whether a batch completes an update.
 */

import { averageShare } from "../optim/gradient-tools.ts";
import { stepNumbers } from "../optim/optimizer.ts";
import type { TrainProgram } from "../program/step.ts";
import type { Engine, OpenProgram } from "../runtime/engine.ts";
import type { Tensors } from "../runtime/session.ts";
import { UsageError } from "../util/errors.ts";
import type { Key } from "../util/random.ts";
import { floatTensor, type StateDict, type Tensor } from "../util/tensor.ts";
import { dropoutMasks } from "./source.ts";
import { canonicalState, initialState, trainedWeights } from "./state.ts";

export interface StepperOptions {
  /** Learning rate of each update, counted from 0; a number for a constant one. Default: the optimizer's. */
  readonly rate?: number | ((update: number) => number);
  /** Key of the dropout masks: the same key draws the same masks. */
  readonly key?: Key;
}

/** The progress of a training: batches seen, and updates made. */
export interface Position {
  readonly batches: number;
  readonly updates: number;
}

export interface StepResult {
  readonly loss: number;
  /** Every metric of the program by name, including `loss`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Whether all gradients were finite. In half precision a step that overflows changes nothing. */
  readonly finite: boolean;
  /** Whether the weights changed. */
  readonly updated: boolean;
  readonly learningRate: number;
  /** Time in the engine. */
  readonly seconds: number;
  /** Everything that the program returned, including exposed gradients. */
  readonly outputs: Tensors;
}

export class Stepper {
  readonly program: TrainProgram;
  readonly #open: OpenProgram;
  readonly #options: StepperOptions;
  #weights: StateDict | undefined;
  #position: Position = { batches: 0, updates: 0 };
  #masks: Tensors | undefined;
  #isStepping = false;
  #released: Promise<void> | undefined;

  private constructor(program: TrainProgram, open: OpenProgram, options: StepperOptions) {
    this.program = program;
    this.#open = open;
    this.#options = options;
  }

  /** Opens `program` on `engine`. Call `load` before the first step. */
  static async open(engine: Engine, program: TrainProgram, options: StepperOptions = {}): Promise<Stepper> {
    return new Stepper(program, await engine.open(program), options);
  }

  /**
   * Sets the state. `weights` are canonical tensors by name, with the scope of their network if it has one. Tensors in `saved`, a
   * checkpoint, take precedence; the optimizer's state is taken from it too. `position` is the progress of the training.
   *
   * @throws UsageError for weights that are missing.
   */
  async load(
    weights: StateDict,
    saved: StateDict = new Map(),
    position: Position = { batches: 0, updates: 0 },
  ): Promise<void> {
    await this.#open.load(initialState(this.program, weights, saved));
    this.#weights = weights;
    this.#position = position;
    this.#masks = undefined;
  }

  get position(): Position {
    return this.#position;
  }

  /** The learning rate of update number `update`, counted from 0. */
  rate(update: number): number {
    const { rate = this.program.rule.optimizer.learningRate } = this.#options;
    return typeof rate === "number" ? rate : rate(update);
  }

  /**
   * Trains on one batch. While the engine runs it, the masks of the next batch are drawn.
   *
   * @throws UsageError before `load`, and during another step. Refused feeds change nothing. A step that fails midway, for
   * example for lack of memory, loses the state: `load` it again.
   */
  async step(feeds: Tensors): Promise<StepResult> {
    this.#loaded();
    if (this.#isStepping) throw new UsageError("another step is under way; wait for it before the next");
    this.#isStepping = true;
    try {
      return await this.#stepOn(feeds);
    } finally {
      this.#isStepping = false;
    }
  }

  async #stepOn(feeds: Tensors): Promise<StepResult> {
    const { batches, updates } = this.#position;
    const { accumulate } = this.program.rule;
    const learningRate = this.rate(updates);
    const completes = (batches + 1) % accumulate === 0;
    const masks = this.#masks ?? this.#masksOf(batches);
    const pending = this.#open.step({ ...feeds, ...masks, ...this.#scalars(learningRate, completes) });
    const next = this.#masksOf(batches + 1);
    const { seconds, ...outputs } = await pending;
    this.#masks = next;
    const metrics: Record<string, number> = {};
    for (const { name, role } of this.program.tensors)
      if (role === "metric") metrics[name] = Number(outputs[name]?.data[0]);
    const finite = metrics.finite !== 0;
    const updated = completes && finite;
    this.#position = { batches: batches + 1, updates: updates + (updated ? 1 : 0) };
    const loss = metrics.loss as number;
    return { loss, metrics, finite, updated, learningRate, seconds: Number(seconds?.data[0]), outputs };
  }

  /** Returns every tensor of the state, canonical: trained weights, moments, averages. */
  async state(): Promise<StateDict> {
    this.#loaded();
    return canonicalState(this.program, await this.#open.state());
  }

  /** Returns all current weights; with `averaged`, moving averages if there are any. */
  async weights(averaged = false): Promise<StateDict> {
    return trainedWeights(this.#loaded(), await this.state(), averaged);
  }

  release(): Promise<void> {
    this.#released ??= this.#open.release();
    return this.#released;
  }

  #loaded(): StateDict {
    if (!this.#weights) throw new UsageError("there are no weights yet: call load before step");
    return this.#weights;
  }

  #masksOf(batch: number): Tensors {
    return dropoutMasks(this.program.masks, ...(this.#options.key ?? []), batch);
  }

  #scalars(learningRate: number, completes: boolean): Tensors {
    const { optimizer, ema, accumulate } = this.program.rule;
    const update = this.#position.updates + 1;
    const numbers = Object.entries(stepNumbers(optimizer, update, learningRate));
    const feeds: Record<string, Tensor> = Object.fromEntries(
      numbers.map(([name, value]) => [name, floatTensor([], [value])]),
    );
    if (ema > 0) feeds.averageShare = floatTensor([], [averageShare(ema, update)]);
    if (accumulate > 1) feeds.apply = { dtype: "bool", shape: [], data: Uint8Array.of(completes ? 1 : 0) };
    return feeds;
  }
}
