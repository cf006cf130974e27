/** The contents of a run folder's files. Missing or damaged files are left out; damaged ones are reported. */

import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { z } from "zod";
import { readJsonLines } from "../formats/json-lines.node.ts";
import { eachMetric } from "../metrics/registry.ts";
import { calibrationTargets } from "../metrics/temperature.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { type Recipe, recipeSchema } from "../train/recipe.ts";
import { type EpochLine, epochSchema, type PhaseLine, phaseSchema } from "../train/run-events.ts";
import { type Environment, parseJson, readEnvironment, runPaths } from "../train/run-folder.node.ts";
import { messageOf } from "../util/errors.ts";
import { priorsIn } from "../weights/classifier-file.ts";
import { peopleSchema } from "./people-record.ts";
import type { PriorRecord } from "./prior.ts";
import { type DataRecord, dataSchema, type Prediction, predictionSchema } from "./run-data.ts";

/** JSON has no NaN: an unknown number is null. */
const number = z.number().nullable();
const share = z.number().min(0).max(1);
const interval = z.tuple([share, share]);

/** Schema of what `evaluate --json` prints. Runs of older versions lack the optional parts. */
export const evaluationSchema = z.object({
  n: z.number(),
  split: z.string(),
  classes: z.array(z.string()).min(1),
  confusion: z.array(z.array(z.number())),
  accuracy: share,
  interval,
  majority: share,
  ...eachMetric((_, { format }) => (format === "percent" ? share.nullable() : number).optional()),
  intervals: z.object({ balancedAccuracy: interval, macroF1: interval }).optional(),
  auc: z.record(z.string(), number).optional(),
  calibration: z
    .object({
      temperature: z.number(),
      fittedTo: z.enum(calibrationTargets).default("plurality"),
      eceRaw: number,
      eceModel: number,
      eceCrossFitted: number,
      fittedHere: z.boolean(),
      reliability: z.array(z.object({ count: z.number(), confidence: share, accuracy: share })),
    })
    .optional(),
  coverage: z.array(z.object({ threshold: share, coverage: share, accuracy: share.nullable() })).optional(),
  /** Number of images that are pixel-identical to a training image, and the score of the others; null if none is left. */
  leaked: z.number().optional(),
  withoutLeaked: z.object({ n: z.number(), accuracy: share, interval }).nullish(),
  /** Number of images that the model or its starting weights were trained on, and the score of the others. */
  seen: z.number().optional(),
  withoutSeen: z.object({ n: z.number(), accuracy: share, interval }).nullish(),
  /** Scores against people's votes, if the images had votes. */
  people: peopleSchema.optional(),
});

const auditSchema = z.object({
  summary: z.object({
    pictures: z.number(),
    duplicateGroups: z.number(),
    redundantPictures: z.number(),
    crossSplitPictures: z.record(z.string(), z.number()),
    conflictingGroups: z.number(),
    nearDuplicateGroups: z.number(),
    blank: z.number(),
    unreadable: z.number(),
  }),
});

const lossesSchema = z.object({
  n: z.number(),
  clean: share,
  meanRelativeDrop: z.number(),
  groups: z.array(z.object({ group: z.string(), relativeDrop: z.number() })),
});

const robustnessSchema = lossesSchema.extend({
  /** Losses of agreement with people, if the images had votes. */
  people: lossesSchema.optional(),
  corruptions: z.array(
    z.object({
      name: z.string(),
      title: z.string(),
      group: z.string(),
      parameter: z.string(),
      values: z.array(z.number()),
      accuracy: z.array(share),
      relativeDrop: z.number(),
    }),
  ),
});

export type EvaluationRecord = z.infer<typeof evaluationSchema>;
export type AuditRecord = z.infer<typeof auditSchema>["summary"];
export type RobustnessRecord = z.infer<typeof robustnessSchema>;

export interface RunRecord {
  readonly name: string;
  /** Path of the run folder, as given to `readRun`. */
  readonly folder: string;
  readonly recipe: Recipe | undefined;
  readonly environment: Environment | undefined;
  /** In the order of training; an epoch that was repeated after an interruption occurs once. */
  readonly history: readonly EpochLine[];
  readonly phases: readonly PhaseLine[];
  readonly evaluation: EvaluationRecord | undefined;
  /** One per scored image. */
  readonly predictions: readonly Prediction[];
  readonly data: DataRecord | undefined;
  readonly audit: AuditRecord | undefined;
  readonly robustness: RobustnessRecord | undefined;
  /** The priors of the model's file; undefined if there is none yet. */
  readonly prior: PriorRecord | undefined;
  /** Files that exist but could not be used, and why. */
  readonly damaged: readonly string[];
}

/** Reads a run folder. Never throws because of a file's content. */
export function readRun(folder: string): RunRecord {
  const paths = runPaths(folder);
  const damaged: string[] = [];
  const attempt = <T>(path: string, read: () => T): T | undefined => {
    if (!existsSync(path)) return undefined;
    try {
      return read();
    } catch (error) {
      damaged.push(messageOf(error));
      return undefined;
    }
  };
  const json = <T>(name: string, schema: z.ZodType<T>): T | undefined => {
    const path = join(folder, name);
    return attempt(path, () => parseJson(path, schema));
  };
  const lines = (path: string): readonly unknown[] => {
    const read = attempt(path, () => readJsonLines(path));
    if (read?.warning) damaged.push(read.warning);
    return read?.values ?? [];
  };
  const events = lines(paths.events);
  const predictions = lines(join(folder, "predictions.jsonl")).flatMap((line) =>
    parsed(predictionSchema, line),
  );
  return {
    name: basename(resolve(folder)),
    folder,
    recipe: attempt(paths.recipe, () => parseJson(paths.recipe, recipeSchema)),
    environment: attempt(paths.environment, () => readEnvironment(paths)),
    history: lastOfEach(ofKind(events, "epochEnd", epochSchema), ({ phase, epoch }) => `${phase} ${epoch}`),
    phases: lastOfEach(ofKind(events, "phaseEnd", phaseSchema), ({ name }) => name),
    evaluation: json("evaluation.json", evaluationSchema),
    predictions,
    data: json("data.json", dataSchema),
    audit: json("audit.json", auditSchema)?.summary,
    robustness: json("robustness.json", robustnessSchema),
    prior: attempt(paths.bundle, () => priorOf(paths.bundle)),
    damaged,
  };
}

function priorOf(path: string): PriorRecord {
  const { architecture, metadata } = loadBundle(path);
  return { classes: architecture.classes, ...priorsIn(metadata, path) };
}

function ofKind<T>(events: readonly unknown[], kind: string, schema: z.ZodType<T>): T[] {
  return events
    .filter((line) => (line as { event?: unknown } | null)?.event === kind)
    .flatMap((line) => parsed(schema, line));
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T[] {
  const { success, data } = schema.safeParse(value);
  return success ? [data] : [];
}

/** Returns the last value of each key, in the order in which the keys first occurred. */
function lastOfEach<T>(values: readonly T[], keyOf: (value: T) => string): T[] {
  return [...new Map(values.map((value) => [keyOf(value), value])).values()];
}
