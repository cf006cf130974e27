/** Shows a training in TensorBoard: scalars every few steps and every epoch, in the run folder's `tensorboard/`. */

import { join } from "node:path";
import { eventFile } from "../formats/tensorboard.node.ts";
import type { Shown } from "../formats/tensorboard.ts";
import type { Listener } from "./events.ts";

/** Steps between two points of the step scalars. */
const EVERY = 20;

export interface TensorBoard {
  readonly listener: Listener;
  /** Shows something at the end of the training so far. */
  show(shown: readonly Shown[]): void;
}

/** A finished epoch, and its number of batches if known. */
export interface FinishedEpoch {
  readonly phase: string;
  readonly epoch: number;
  readonly steps?: number | undefined;
}

/** Steps are batches since the start of the run; `finished` are the epochs that a resumed run already has. */
export function tensorBoard(folder: string, finished: readonly FinishedEpoch[]): TensorBoard {
  const file = eventFile(join(folder, "tensorboard"));
  const epochs = new Map<string, FinishedEpoch>();
  const finish = (one: FinishedEpoch): void => void epochs.set(`${one.phase} ${one.epoch}`, one);
  for (const one of finished) finish(one);
  /**
   * Returns the batches of everything that ended before an epoch; an epoch that is repeated after a kill does not count itself.
   */
  const stepsBefore = (phase: string, epoch: number, steps: number): number =>
    [...epochs.values()]
      .filter((one) => one.phase !== phase || one.epoch < epoch)
      .reduce((sum, one) => sum + (one.steps ?? steps), 0);
  let last = stepsBefore("", 0, 0);
  const show = (step: number, shown: readonly Shown[]): void => {
    file.show(step, shown);
    last = step;
  };
  return {
    listener: {
      step({ phase, epoch, step, steps, loss, accuracy, learningRate, batch, stepSeconds }) {
        if (step % EVERY !== 0) return;
        show(stepsBefore(phase.name, epoch, steps) + step, [
          scalar("step/loss", loss),
          scalar("step/accuracy", accuracy),
          scalar("step/learning_rate", learningRate),
          scalar("step/images_per_second", batch / stepSeconds),
        ]);
      },
      epochEnd({ record, steps }) {
        const { phase, epoch } = record;
        show(stepsBefore(phase, epoch, steps) + steps, [
          scalar("loss/train", record.trainLoss),
          scalar("loss/validation", record.validationLoss),
          scalar("accuracy/train", record.trainAccuracy),
          scalar("accuracy/validation", record.validationAccuracy),
          scalar("learning_rate", record.learningRate),
          scalar("images_per_second", record.imagesPerSecond),
        ]);
        finish({ phase, epoch, steps });
      },
    },
    // A session without training repeats no step.
    show: (shown) => file.show(last, shown, last + 1),
  };
}

function scalar(tag: string, value: number): Shown {
  return { kind: "scalar", tag, value };
}
