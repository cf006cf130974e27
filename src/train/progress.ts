/** The progress of a training: everything, apart from the tensors, that is needed to resume it exactly. */

import { z } from "zod";
import { epochRecordSchema, phaseRecordSchema } from "./records.ts";

export const progressSchema = z.strictObject({
  /** Index of the phase; equal to the number of phases when training is over. */
  phase: z.number().int().min(0),
  /** Completed epochs of the phase. */
  epoch: z.number().int().min(0),
  /** Completed batches of the current epoch. */
  step: z.number().int().min(0),
  /** Updates of the weights in this phase: fewer than batches if gradients accumulate or overflow. */
  updates: z.number().int().min(0),
  /** Sums over the current epoch. */
  lossSum: z.number(),
  correct: z.number(),
  seen: z.number(),
  epochSeconds: z.number(),
  waitSeconds: z.number(),
  /** Best validation accuracy within the phase, and the epochs since. */
  phaseBest: z.number(),
  sinceBest: z.number().int(),
  /** Best of the whole training: the content of `best.safetensors`. */
  best: z.strictObject({ phase: z.string(), epoch: z.number(), accuracy: z.number() }).nullable(),
  history: z.array(epochRecordSchema),
  phases: z.array(phaseRecordSchema),
});

export type Progress = z.infer<typeof progressSchema>;

const perEpoch = { step: 0, lossSum: 0, correct: 0, seen: 0, epochSeconds: 0, waitSeconds: 0 };
const perPhase = { ...perEpoch, epoch: 0, updates: 0, phaseBest: -1, sinceBest: 0 };

export function newProgress(): Progress {
  return { phase: 0, ...perPhase, best: null, history: [], phases: [] };
}

/** Moves on to the next epoch. */
export function nextEpoch(progress: Progress): void {
  Object.assign(progress, perEpoch, { epoch: progress.epoch + 1 });
}

/** Moves on to the next phase. */
export function nextPhase(progress: Progress): void {
  Object.assign(progress, perPhase, { phase: progress.phase + 1 });
}
