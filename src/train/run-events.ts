/** The lines of a run's `events.jsonl` as they are read back; fields that older versions did not write are optional. */

import { z } from "zod";
import { epochFields, phaseRecordSchema } from "./records.ts";

/** JSON has no NaN: missing numbers are null. */
const number = z.number().nullable();
const count = z.number().int().min(0);

export const epochSchema = z.object({
  ...epochFields(number),
  dataShare: number.optional(),
  /** Batches. */
  steps: z.number().optional(),
  confusion: z.array(z.array(count)).optional(),
  watched: z.array(z.array(z.number())).optional(),
});
export type EpochLine = z.infer<typeof epochSchema>;

export const phaseSchema = z.object({
  ...phaseRecordSchema.pick({ name: true, epochs: true }).shape,
  best: z.number().min(0).max(1),
  reason: z.string(),
});
export type PhaseLine = z.infer<typeof phaseSchema>;

const startSchema = z.object({
  classes: z.array(z.string()).min(1),
  pictures: z.object({ training: count, validation: count }),
  watched: z.array(z.object({ id: z.string(), label: count })),
});

const stepSchema = z.object({
  phase: z.string(),
  epoch: count,
  step: count,
  steps: z.number().int().min(1),
  loss: number,
  meanLoss: number,
  accuracy: number,
  learningRate: number,
  imagesPerSecond: number,
});

const line = <E extends string, S extends z.ZodRawShape>(event: E, schema: z.ZodObject<S>) =>
  schema.extend({ event: z.literal(event), time: z.iso.datetime() });

export const runEventSchema = z.discriminatedUnion("event", [
  line("start", startSchema),
  line("note", z.object({ text: z.string() })),
  line("phaseStart", z.object({ phase: z.string() })),
  line(
    "forecast",
    z.object({
      phase: z.string(),
      prepareSeconds: z.number().default(0),
      stepSeconds: z.number(),
      steps: z.number(),
    }),
  ),
  line("features", z.object({ view: count, done: count, total: count })),
  line("step", stepSchema),
  line("epochEnd", epochSchema),
  line("phaseEnd", phaseSchema),
  line("interrupted", z.object({})),
  line("finished", z.object({ split: z.string(), accuracy: z.number() })),
  line("failed", z.object({ message: z.string() })),
]);

export type RunEvent = z.infer<typeof runEventSchema>;
export type EventOf<E extends RunEvent["event"]> = Extract<RunEvent, { event: E }>;
