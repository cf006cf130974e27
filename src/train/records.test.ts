/** Records of epochs and phases: what the loop makes is what checkpoints and logs hold, and what older versions wrote is read. */

import { expect, expectTypeOf, test } from "vitest";
import { newProgress, progressSchema } from "./progress.ts";
import { type EpochRecord, epochRecordSchema, phaseRecordSchema } from "./records.ts";
import { epochSchema, phaseSchema, runEventSchema } from "./run-events.ts";

const record: EpochRecord = {
  phase: "head",
  epoch: 1,
  trainLoss: 1.5,
  trainAccuracy: 0.4,
  validationLoss: 1.4,
  validationAccuracy: 0.45,
  learningRate: 0.001,
  seconds: 12,
  imagesPerSecond: 200,
  dataShare: 0.1,
};
const phase = { name: "head", epochs: 1, seconds: 12, imagesPerSecond: 200, best: 0.45 };
const time = "2026-01-02T03:04:05.678Z";

test("a record is the same in a checkpoint and in the log", () => {
  const progress = { ...newProgress(), history: [record], phases: [phase] };
  expect(progressSchema.parse(JSON.parse(JSON.stringify(progress)))).toEqual(progress);
  expect(epochSchema.parse(record)).toEqual(record);
  expect(runEventSchema.parse({ event: "epochEnd", time, ...record, improved: true, steps: 7 })).toEqual({
    event: "epochEnd",
    time,
    steps: 7,
    ...record,
  });
  const told = { name: phase.name, epochs: phase.epochs, best: phase.best, reason: "done" };
  expect(phaseSchema.parse({ ...phase, reason: "done" })).toEqual(told);
  expectTypeOf<EpochRecord>().toExtend<Omit<ReturnType<typeof epochSchema.parse>, "steps">>();
});

test("a checkpoint that lacks a field or has another is damaged, each with its name", () => {
  for (const key of Object.keys(record))
    expect(epochRecordSchema.safeParse({ ...record, [key]: undefined }).error?.issues[0]?.path).toEqual([
      key,
    ]);
  expect(epochRecordSchema.safeParse({ ...record, more: 1 }).success).toBe(false);
  expect(epochRecordSchema.safeParse({ ...record, trainLoss: null }).success).toBe(false);
  expect(phaseRecordSchema.safeParse({ ...phase, reason: "done" }).success).toBe(false);
});

test("a log of an older version has less, and null for what JSON has no number for", () => {
  const { dataShare: _, ...older } = record;
  expect(epochSchema.parse(older)).toEqual(older);
  const diverged = { ...record, trainLoss: Number.NaN, validationLoss: Number.POSITIVE_INFINITY };
  expect(epochSchema.parse(JSON.parse(JSON.stringify(diverged)))).toEqual({
    ...record,
    trainLoss: null,
    validationLoss: null,
  });
  expect(epochSchema.safeParse({ ...record, seconds: null }).success).toBe(false);
});
