/** The runs in a folder: score, data, recipe, duration and status of each. */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { eachMetric, type MetricName, metrics } from "../metrics/registry.ts";
import { type EvaluationRecord, evaluationSchema } from "../report/run-record.ts";
import { eventsOf } from "../server/runs/book.ts";
import { beginning, linesAfter } from "../server/runs/tail.ts";
import { parseJson, runPaths } from "../train/run-folder.node.ts";
import { apply, bestEpoch, emptyRun, quietFor, type RunState } from "../train/run-state.ts";
import { messageOf, UsageError } from "../util/errors.ts";
import { isFolder } from "../util/files.node.ts";
import { didYouMean } from "../util/nearest.ts";

/**
 * Status of a run: a `stopped` run was killed, and a `not begun` run ended before its first step. These, and `interrupted` or
 * `failed` runs, can be resumed if they have a checkpoint. A `damaged` run has a file that cannot be read.
 */
export type RunStatus =
  | "finished"
  | "running"
  | "interrupted"
  | "stopped"
  | "failed"
  | "not begun"
  | "damaged";

/** A run in a folder; unknown values are undefined. */
export interface ListedRun {
  /** Its path, starting with the listed folder. */
  readonly folder: string;
  readonly status: RunStatus;
  /** Why it failed, or what is damaged. */
  readonly reason?: string | undefined;
  readonly model?: string | undefined;
  readonly recipe?: string | undefined;
  /** Side of the images that the network sees, in pixels. */
  readonly inputSize?: number | undefined;
  /** Where the images were. */
  readonly data: readonly string[];
  /** Fingerprint of the data: runs with the same one were trained on the same images and splits. */
  readonly fingerprint?: string | undefined;
  readonly pictures?: { readonly training: number; readonly validation: number } | undefined;
  /** Number of finished epochs. */
  readonly epochs: number;
  /** Best validation accuracy of an epoch, from 0 to 1. */
  readonly best?: number | undefined;
  /** The split with the score of the best weights, on `n` images, once the run is finished. */
  readonly split?: string | undefined;
  readonly n?: number | undefined;
  /** From 0 to 1, with its 95 % interval. */
  readonly accuracy?: number | undefined;
  readonly interval?: readonly [low: number, high: number] | undefined;
  readonly metrics?: Readonly<Partial<Record<MetricName, number>>> | undefined;
  /** In ISO 8601. */
  readonly started?: string | undefined;
  /** Training time in seconds, without pauses between an interruption and a resume. */
  readonly seconds?: number | undefined;
}

/** Sort keys of runs. */
export const runOrders = [
  "started",
  "accuracy",
  ...(Object.keys(metrics) as MetricName[]),
  "duration",
  "epochs",
  "name",
  "status",
  "model",
  "recipe",
  "data",
] as const;
export type RunOrder = (typeof runOrders)[number];

export interface ListRunsOptions {
  /** A folder that contains run folders, or folders of them; or a run folder. Default: runs. */
  readonly folder?: string | undefined;
  /**
   * Default: started, the newest first. Metrics sort the best run first, duration and epochs the longest, and everything else
   * alphabetically. Runs without a value come last.
   */
  readonly sort?: RunOrder | undefined;
  /** Reverses the order, except that unknown values stay last. Default: false. */
  readonly reverse?: boolean | undefined;
}

/** Requires only what is shown, so that runs of other versions are listed too. */
const recipeSchema = z.object({ name: z.string(), model: z.string(), inputSize: z.number() });
const environmentSchema = z.object({
  fingerprint: z.string().optional(),
  data: z.array(z.string()).default([]),
  started: z.string().optional(),
});

/** Depth of the search for runs below the listed folder: `quickstart` keeps its run two levels below `runs`. */
const DEPTH = 3;

/**
 * Lists the runs in a folder, without reading images or weights.
 *
 * @throws UsageError for a folder that does not exist, or an unknown sort key.
 */
export async function listRuns(options: ListRunsOptions = {}): Promise<ListedRun[]> {
  const { folder = "runs", sort = "started", reverse = false } = options;
  if (!runOrders.includes(sort))
    throw new UsageError(
      `runs cannot be sorted by "${sort as string}".${didYouMean(sort, runOrders)} Valid: ${runOrders.join(", ")}`,
    );
  if (!isFolder(folder))
    throw new UsageError(
      `${folder} does not exist; name a folder that contains runs, or train first: a training creates its run folder in runs/`,
    );
  const runs: ListedRun[] = [];
  for (const path of runFolders(folder, DEPTH)) runs.push(await listed(path));
  return sorted(runs, sort, reverse);
}

function runFolders(folder: string, depth: number): string[] {
  if (isRun(folder)) return [folder];
  if (depth === 0) return [];
  return subfolders(folder).flatMap((name) => runFolders(join(folder, name), depth - 1));
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .sort();
  } catch {
    return [];
  }
}

/** Whether a training wrote to this folder, even if only its first file. */
function isRun(folder: string): boolean {
  const { recipe, environment, events, checkpoint, best } = runPaths(folder);
  return [recipe, environment, events, checkpoint, best].some((path) => existsSync(path));
}

async function listed(folder: string): Promise<ListedRun> {
  const paths = runPaths(folder);
  const damaged: string[] = [];
  const read = <T>(path: string, schema: z.ZodType<T>): T | undefined => {
    try {
      return existsSync(path) ? parseJson(path, schema) : undefined;
    } catch (error) {
      damaged.push(messageOf(error));
      return undefined;
    }
  };
  const recipe = read(paths.recipe, recipeSchema);
  const environment = read(paths.environment, environmentSchema);
  const evaluation = read(paths.evaluation, evaluationSchema);
  const state = await stateOf(paths.events);
  const { firstAt, lastAt, idle, start, failure } = state;
  return {
    folder,
    status: damaged.length > 0 ? "damaged" : statusOf(state, evaluation),
    reason: damaged[0] ?? failure,
    model: recipe?.model,
    recipe: recipe?.name,
    inputSize: recipe?.inputSize,
    data: environment?.data ?? [],
    fingerprint: environment?.fingerprint,
    pictures: start?.pictures,
    epochs: state.epochs.length,
    best: bestEpoch(state)?.validationAccuracy ?? undefined,
    ...(evaluation && scoreOf(evaluation)),
    started: environment?.started ?? (firstAt === undefined ? undefined : new Date(firstAt).toISOString()),
    seconds: firstAt === undefined || lastAt === undefined ? undefined : (lastAt - firstAt - idle) / 1000,
  };
}

async function stateOf(path: string): Promise<RunState> {
  const state = emptyRun();
  for (let mark = beginning, more = true; more; ) {
    const tail = await linesAfter(path, mark);
    for (const event of eventsOf(tail.lines)) apply(state, event);
    ({ mark, more } = tail);
  }
  return state;
}

function statusOf(state: RunState, evaluation: EvaluationRecord | undefined): RunStatus {
  if (state.ending) return state.ending;
  if (state.lastAt === undefined) return evaluation ? "finished" : "not begun";
  return quietFor(state, Date.now()) === undefined ? "running" : "stopped";
}

function scoreOf(evaluation: EvaluationRecord): Partial<ListedRun> {
  const { split, n, accuracy, interval } = evaluation;
  return { split, n, accuracy, interval, metrics: eachMetric((name) => evaluation[name] ?? Number.NaN) };
}

type SortValue = string | number | undefined;

interface Order {
  of(run: ListedRun): SortValue;
  /** Whether the largest value comes first. */
  readonly falling: boolean;
}

const orders: Readonly<Record<Exclude<RunOrder, MetricName>, Order>> = {
  started: { of: (run) => run.started, falling: true },
  accuracy: { of: (run) => run.accuracy ?? run.best, falling: true },
  duration: { of: (run) => run.seconds, falling: true },
  epochs: { of: (run) => run.epochs, falling: true },
  name: { of: (run) => run.folder, falling: false },
  status: { of: (run) => run.status, falling: false },
  model: { of: (run) => run.model, falling: false },
  recipe: { of: (run) => run.recipe, falling: false },
  data: { of: ({ data }) => (data.length > 0 ? data.join(", ") : undefined), falling: false },
};

function orderOf(by: RunOrder): Order {
  if (!isMetric(by)) return orders[by];
  return { of: (run) => run.metrics?.[by], falling: metrics[by].higherIsBetter };
}

function isMetric(by: RunOrder): by is MetricName {
  return Object.hasOwn(metrics, by);
}

function sorted(runs: readonly ListedRun[], by: RunOrder, reverse: boolean): ListedRun[] {
  const order = orderOf(by);
  const falling = order.falling !== reverse;
  const known = (value: SortValue): value is string | number => value !== undefined && !Number.isNaN(value);
  return runs.toSorted((one, other) => {
    const [a, b] = [order.of(one), order.of(other)];
    if (!known(a) || !known(b)) return Number(known(b)) - Number(known(a));
    const rising = a < b ? -1 : a > b ? 1 : 0;
    return falling ? -rising : rising;
  });
}
