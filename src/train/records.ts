/** The records of epochs and phases, shared by checkpoints, the run's log, charts and the page. */

import { z } from "zod";

/**
 * The fields of an epoch's record. `measured` is the type of its measurements: numbers, or null too in JSON, which has no NaN.
 * Shares are fractions from 0 to 1; losses are means over images or votes.
 */
export function epochFields<M extends z.ZodType>(measured: M) {
  return {
    phase: z.string(),
    /** Counted from 1 within the phase. */
    epoch: z.number(),
    trainLoss: measured,
    trainAccuracy: measured,
    validationLoss: measured,
    validationAccuracy: measured,
    /** The rate of the epoch's last update. */
    learningRate: measured,
    seconds: z.number(),
    imagesPerSecond: z.number(),
    /** Share of the time that the engine waited for data. */
    dataShare: measured,
  };
}

export const epochRecordSchema = z.strictObject(epochFields(z.number()));
export type EpochRecord = Readonly<z.infer<typeof epochRecordSchema>>;

export const phaseRecordSchema = z.strictObject({
  name: z.string(),
  epochs: z.number(),
  seconds: z.number(),
  imagesPerSecond: z.number(),
  /** Best validation accuracy within the phase. */
  best: z.number(),
});
export type PhaseRecord = Readonly<z.infer<typeof phaseRecordSchema>>;
