/** The training worker: it reads examples from the page's storage, and stores the model there. */

import { train } from "../../../src/train/on-demand.web.ts";
import type {
  CheckpointStore,
  WebExample,
  WebTrainEvent,
  WebTraining,
} from "../../../src/train/train-options.web.ts";
import { messageOf } from "../../../src/util/errors.ts";
import { knownTo } from "./known-examples.ts";
import { planOf } from "./plan.ts";
import type { Example } from "./project.ts";
import { openStore, StorageFull, type TeachStore } from "./store.ts";
import type { FromTrainer, ToTrainer, TrainRequest } from "./training-protocol.ts";
import {
  type Curve,
  emptyCurve,
  type Mode,
  type Plan,
  type PlannedExample,
  type Start,
  type Trained,
  type Unfinished,
  upTo,
  withEpoch,
  withStep,
} from "./trainings.ts";

const stopped = new AbortController();
/** Settles when the training may run its next step. */
let gate: Promise<void> = Promise.resolve();
let open = (): void => {};

self.addEventListener("message", ({ data }: MessageEvent<ToTrainer>) => {
  if (data.kind === "train") void answer(data);
  else if (data.kind === "pause")
    gate = new Promise((resolve) => {
      open = resolve;
    });
  else {
    if (data.kind === "stop") stopped.abort();
    open();
  }
});

async function answer(request: TrainRequest): Promise<void> {
  try {
    const store = await openStore(request.database);
    await run(store, request);
    store.close();
  } catch (error) {
    say({ kind: "failed", reason: messageOf(error) });
  }
}

async function run(store: TeachStore, request: TrainRequest): Promise<void> {
  const { project, what } = request;
  const made = Date.now();
  const examples = new Map((await store.examples(project)).map((example) => [example.id, example]));
  const before = await unfinishedOf(store, request, [...examples.values()], made);
  const { mode, plan } = before;
  const isNew = what.kind !== "unfinished";
  const checkpoints = forgiving(store.checkpoints(project));
  let curve = before.curve;
  say({ kind: "planned", mode, plan });
  const result = await train({
    model: await modelOf(plan.start),
    training: imagesOf(plan.training, examples),
    validation: imagesOf(plan.measured, examples),
    measure: plan.measured.length > 0,
    classes: plan.classes,
    recipe: mode === "all" ? "adapt" : "head",
    name: request.name,
    checkpoints: {
      ...checkpoints,
      ...(isNew ? { read: async () => undefined } : {}),
      // It is deleted when the result is stored.
      async clear() {},
    },
    signal: stopped.signal,
    async onEvent(event) {
      curve = continued(curve, event);
      // A training that is refused before it starts leaves the earlier unfinished one unchanged.
      if (event.kind === "start" && isNew) {
        await kept(() => checkpoints.clear());
        await kept(() => store.saveTraining(before));
      }
      say({ kind: "event", event });
      // After a reload, a training and its curve continue from these.
      if (event.kind === "checkpoint") await kept(() => store.saveTraining({ ...before, curve }));
      if (event.kind === "step") await gate;
    },
  });
  say({ kind: "ended", mode, ...(await keep(store, before, curve, result)) });
}

/** The requested training, as stored before its first step. */
async function unfinishedOf(
  store: TeachStore,
  { project, what, last }: TrainRequest,
  examples: readonly Example[],
  made: number,
): Promise<Unfinished> {
  const begun = (mode: Mode, plan: Plan): Unfinished => ({
    project,
    slot: "unfinished",
    mode,
    plan,
    curve: emptyCurve,
  });
  if (what.kind === "unfinished") {
    const found = await store.training(project, "unfinished");
    if (!found) throw new Error("There is no training to resume.");
    return found;
  }
  if (what.kind === "head") {
    if (!last) throw new Error("All layers must be trained before the head alone is.");
    return begun("head", last.plan);
  }
  const classes = (await store.project(project))?.classes ?? [];
  const learned = await learnedBy(what.start, last, examples);
  return begun("all", { ...planOf(examples, classes, what.start, learned, sayCompared), made });
}

/** Number of examples compared between two messages. */
const OFTEN = 50;

function sayCompared(done: number, all: number): void {
  if (done % OFTEN === 0) say({ kind: "compared", done, all });
}

/** Ids of the examples that the starting model has learned from: they cannot measure it. */
async function learnedBy(
  start: Start,
  last: Trained | undefined,
  examples: readonly Example[],
): Promise<readonly string[]> {
  if (start.kind === "page") return [];
  if (start.kind === "file") return knownTo(start, examples);
  const { learned = [], measured = [] } = last?.plan ?? {};
  const planned = new Set([...learned, ...measured.map(({ id }) => id)]);
  // A file may have been deleted and added again since.
  const files = examples.filter(({ id, recording }) => recording === undefined && !planned.has(id));
  return [...learned, ...(await knownTo(start, files))];
}

/** The bundle, under the page's name for it, which errors and notes use. */
async function modelOf(start: Start): Promise<Blob> {
  if (start.kind !== "page") return new File([start.bundle], start.name);
  const response = await fetch(start.address).catch((error: Error) => {
    throw new Error(`${start.name} cannot be fetched: ${error.message}.`);
  });
  if (!response.ok)
    throw new Error(`${start.name} cannot be fetched: the server answers ${response.status}.`);
  return new File([await response.blob()], start.name);
}

/** @throws Error if one of them was deleted after planning. */
function imagesOf(planned: readonly PlannedExample[], examples: ReadonlyMap<string, Example>): WebExample[] {
  return planned.map(({ id, label }) => {
    const found = examples.get(id);
    if (!found) throw new Error("Examples of this training were deleted meanwhile: train again.");
    return { image: found.image, label };
  });
}

function continued(curve: Curve, event: WebTrainEvent): Curve {
  if (event.kind === "start") return upTo(curve, event.done, event.steps);
  if (event.kind === "step") return withStep(curve, event);
  return event.kind === "epoch" ? withEpoch(curve, event) : curve;
}

/** Stores its result; a stopped training can still be resumed. */
async function keep(
  store: TeachStore,
  { project, mode, plan }: Unfinished,
  curve: Curve,
  result: WebTraining,
): Promise<Pick<Extract<FromTrainer, { kind: "ended" }>, "trained" | "stored">> {
  const { bundle, validation, device, imagesPerSecond, ending } = result;
  const finished = ending === "finished";
  if (!finished) await kept(() => store.saveTraining({ project, slot: "unfinished", mode, plan, curve }));
  if (!bundle) return { stored: true };
  const trained: Trained = {
    project,
    slot: mode,
    plan,
    curve,
    when: Date.now(),
    finished,
    bundle: new Blob([bundle as Uint8Array<ArrayBuffer>], { type: "application/octet-stream" }),
    answers: { probabilities: validation.probabilities, labels: validation.labels },
    device,
    imagesPerSecond,
  };
  const save = (): Promise<void> => store.saveResult(trained);
  const stored = await save().then(
    () => true,
    async () => {
      // Without the checkpoint there may be enough space.
      if (finished) await store.discardUnfinished(project).catch(() => {});
      return kept(save);
    },
  );
  return { trained, stored };
}

/** If the storage is full or fails, the training continues but cannot be resumed after a reload. */
function forgiving(store: CheckpointStore): CheckpointStore {
  return {
    ...store,
    async write(bytes) {
      await kept(() => store.write(bytes));
    },
  };
}

let isWarned = false;
/** @returns whether it was stored. */
async function kept(work: () => Promise<void>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (isWarned) return false;
    isWarned = true;
    const reason = error instanceof StorageFull ? "The browser's storage is full" : messageOf(error);
    const text = `${reason.replace(/\.$/, "")}: keep this page open, and download the model at the end.`;
    say({ kind: "warning", text });
    return false;
  }
}

function say(message: FromTrainer): void {
  self.postMessage(message);
}
