/** Converts the events of the training loop to events for a page. */

import { type Emit, emitter, type Listener } from "./events.ts";
import type { KeptState } from "./kept-state.ts";
import type { EpochRecord } from "./records.ts";
import type { StepClock } from "./step-clock.ts";
import type { WebEpochEvent, WebTrainOptions } from "./train-options.web.ts";

/** Returns a listener that emits events for a page, and the epochs so far. */
export function reporter(
  { onEvent, measure = true }: WebTrainOptions,
  clock: StepClock,
  { progress }: KeptState,
): { readonly emit: Emit; readonly history: () => WebEpochEvent[] } {
  let phase = progress.phase;
  let lastStep = 0;
  const epochs = progress.history.map((record, i) => epochEvent(record, i + 1, measure));
  const listener: Listener = {
    note: ({ text }) => onEvent?.({ kind: "note", text }),
    phaseStart({ index }) {
      phase = index;
    },
    // A page's request to stop must be handled while features are computed.
    features: turn,
    async step({ epoch, step, batch, loss, accuracy, stepSeconds }) {
      clock.stepped(batch, stepSeconds);
      const done = clock.stepsBefore(phase, epoch - 1, step);
      await onEvent?.({
        kind: "step",
        step: done,
        steps: clock.steps,
        epoch: clock.epochsBefore(phase) + epoch,
        epochs: clock.epochs,
        loss,
        accuracy,
        imagesPerSecond: clock.imagesPerSecond,
        secondsLeft: clock.secondsLeft(done),
      });
      await turn();
      lastStep = performance.now();
    },
    async epochEnd({ record }) {
      clock.scored((performance.now() - lastStep) / 1000);
      const event = epochEvent(record, clock.epochsBefore(phase) + record.epoch, measure);
      epochs.splice(event.epoch - 1, epochs.length, event);
      await onEvent?.(event);
    },
  };
  return { emit: emitter([listener]), history: () => epochs };
}

function epochEvent(record: EpochRecord, epoch: number, measure: boolean): WebEpochEvent {
  const { trainLoss, trainAccuracy, validationLoss, validationAccuracy } = record;
  const measured = measure ? { validationLoss, validationAccuracy } : {};
  return { kind: "epoch", epoch, trainLoss, trainAccuracy, ...measured };
}

/** Yields to other waiting tasks, such as a message to stop: a step on the CPU blocks the thread. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
