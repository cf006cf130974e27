/** Writes the events of a run to `events.jsonl`, one JSON document per line. */

import { appendJsonLine } from "../formats/json-lines.node.ts";
import type { Listener } from "./events.ts";

/** Limits on logged steps: the minimum milliseconds between two, and the maximum number per epoch. */
const PAUSE = 1000;
const PER_EPOCH = 100;

export function eventLog(path: () => string): Listener {
  /** Whether this process trains in the folder: a process that was refused must not write to it. */
  let started = false;
  const due = throttle();
  const write = (event: string, data: object): void =>
    appendJsonLine(path(), { time: new Date().toISOString(), event, ...data });
  return {
    start(data) {
      started = true;
      write("start", data);
    },
    note: (data) => write("note", data),
    phaseStart: ({ phase }) => write("phaseStart", { phase: phase.name }),
    forecast: ({ phase, ...data }) => write("forecast", { phase: phase.name, ...data }),
    features({ view, done, total }) {
      if (due(view + done / total)) write("features", { view, done, total });
    },
    step({ phase, epoch, step, steps, batch, stepSeconds, ...data }) {
      if (!due(epoch + step / steps)) return;
      const { loss, meanLoss, accuracy, learningRate } = data;
      const measured = { loss, meanLoss, accuracy, learningRate, imagesPerSecond: batch / stepSeconds };
      write("step", { phase: phase.name, epoch, step, steps, ...measured });
    },
    epochEnd: ({ record, improved, steps, answers }) =>
      write("epochEnd", { ...record, improved, steps, ...answers }),
    phaseEnd: ({ record, reason }) => write("phaseEnd", { ...record, reason }),
    interrupted: () => write("interrupted", {}),
    finished: (data) => write("finished", data),
    failed(data) {
      if (started) write("failed", data);
    },
  };
}

/** Returns whether the step at `position`, counted in epochs, is to be logged. */
function throttle(): (position: number) => boolean {
  let [time, last] = [Number.NEGATIVE_INFINITY, 0];
  return (position) => {
    const now = performance.now();
    const moved = position < last || position - last >= 1 / PER_EPOCH;
    if (!moved || now - time < PAUSE) return false;
    [time, last] = [now, position];
    return true;
  };
}
