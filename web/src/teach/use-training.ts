/** The trainings of the open project: the one that runs in its worker, and the results of earlier ones. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { WebStartEvent, WebStepEvent } from "../../../src/train/train-options.web.ts";
import { databaseName, type TeachStore } from "./store.ts";
import type { FromTrainer, ToTrainer, TrainRequest } from "./training-protocol.ts";
import {
  type Curve,
  type Earlier,
  emptyCurve,
  type Mode,
  type Plan,
  type Start,
  type Trained,
  type Unfinished,
  upTo,
  withEpoch,
  withStep,
} from "./trainings.ts";

/** The running training. */
export interface Running {
  readonly phase: "preparing" | "running" | "paused" | "stopping";
  /** Before the plan: how many of all examples have been compared. */
  readonly compared: { readonly done: number; readonly all: number } | undefined;
  /** Undefined until the plan exists. */
  readonly mode: Mode | undefined;
  readonly plan: Plan | undefined;
  readonly start: WebStartEvent | undefined;
  readonly step: WebStepEvent | undefined;
  readonly curve: Curve;
  /** The training's report on its start. */
  readonly notes: readonly string[];
  /** Problems that did not stop it. */
  readonly warnings: readonly string[];
}

export interface Trainings {
  /** Whether the stored earlier trainings have been read. */
  readonly ready: boolean;
  readonly running: Running | undefined;
  /** The reason why the last training failed. */
  readonly failure: string | undefined;
  /** Whether the last attempt to read the stored data succeeded. */
  readonly readable: boolean;
  readonly all: Trained | undefined;
  readonly head: Trained | undefined;
  /** The finished model that `all`, which was stopped, replaced. */
  readonly earlier: Earlier | undefined;
  /** The unfinished training. */
  readonly unfinished: Unfinished | undefined;
  /** Whether `all` exists only in this page: the browser could not store it. */
  readonly unstored: boolean;
  train(start: Start): void;
  trainHead(): void;
  goOn(): void;
  pause(): void;
  resume(): void;
  stop(): void;
  /** Discards the unfinished training. */
  discard(): Promise<void>;
  /** Restores the earlier model. */
  takeBack(): Promise<void>;
}

const preparing: Running = {
  phase: "preparing",
  compared: undefined,
  mode: undefined,
  plan: undefined,
  start: undefined,
  step: undefined,
  curve: emptyCurve,
  notes: [],
  warnings: [],
};

interface Kept {
  readonly all?: Trained | undefined;
  readonly head?: Trained | undefined;
  readonly earlier?: Earlier | undefined;
  readonly unfinished?: Unfinished | undefined;
}

export function useTraining(store: TeachStore, project: string, name: string): Trainings {
  const [kept, setKept] = useState<Kept>();
  const [running, setRunning] = useState<Running>();
  const [failure, setFailure] = useState<string>();
  const [readable, setReadable] = useState(true);
  const [unstored, setUnstored] = useState(false);
  const worker = useRef<Worker>();
  // If the storage is full or gone, the result of a training exists only here.
  const came = useRef<Kept>({});

  const read = async (): Promise<Kept> => ({
    all: await store.training(project, "all"),
    head: await store.training(project, "head"),
    earlier: await store.training(project, "earlier"),
    unfinished: await store.training(project, "unfinished"),
    ...came.current,
  });
  useEffect(() => {
    let left = false;
    read().then(
      (found) => left || setKept(found),
      (error: Error) => {
        setReadable(false);
        setFailure(error.message);
      },
    );
    return () => {
      left = true;
      worker.current?.terminate();
    };
  }, [store, project]);

  const say = (message: ToTrainer): void => worker.current?.postMessage(message);
  const end = async (): Promise<void> => {
    worker.current?.terminate();
    worker.current = undefined;
    setRunning(undefined);
    try {
      setKept(await read());
      setReadable(true);
    } catch (error) {
      setReadable(false);
      setKept((before) => ({ ...before, ...came.current }));
      setFailure((before) => before ?? (error as Error).message);
    }
  };
  const begin = (what: TrainRequest["what"]): void => {
    if (worker.current) return;
    setFailure(undefined);
    const unfinished = what.kind === "unfinished" ? kept?.unfinished : undefined;
    setRunning({ ...preparing, curve: unfinished?.curve ?? emptyCurve });
    const trainer = new Worker(new URL("./training-worker.ts", import.meta.url), {
      type: "module",
      name: "training",
    });
    worker.current = trainer;
    const fail = (reason: string): void => {
      setFailure(`The training failed: ${reason}`);
      void end();
    };
    trainer.addEventListener("error", ({ message }) =>
      fail(
        message ||
          "its code cannot be loaded. Reload the page, with a network if it was never opened before.",
      ),
    );
    trainer.addEventListener("message", ({ data }: MessageEvent<FromTrainer>) => {
      if (data.kind === "failed") return fail(data.reason);
      if (data.kind === "ended") {
        const { trained, mode, stored } = data;
        if (mode === "all" && trained) setUnstored(!stored);
        // The previous score of the head alone was measured on other examples.
        if (trained)
          came.current =
            mode === "all"
              ? { all: trained, head: undefined, earlier: trained.finished ? undefined : earlierOf(kept) }
              : { ...came.current, head: trained };
        return void end();
      }
      setRunning((before) => before && told(before, data));
    });
    say({ kind: "train", database: databaseName(), project, name, last: kept?.all, what });
  };
  const become = (phase: Running["phase"]): void => setRunning((before) => before && { ...before, phase });

  return {
    ready: kept !== undefined,
    running,
    failure,
    readable,
    unstored,
    all: kept?.all,
    head: kept?.head,
    earlier: kept?.earlier,
    unfinished: running ? undefined : kept?.unfinished,
    train: (start) => begin({ kind: "all", start }),
    trainHead: () => begin({ kind: "head" }),
    goOn: () => begin({ kind: "unfinished" }),
    pause() {
      say({ kind: "pause" });
      become("paused");
    },
    resume() {
      say({ kind: "resume" });
      become("running");
    },
    stop() {
      // Before the first step there is nothing to keep.
      if (running?.phase === "preparing") return void end();
      say({ kind: "stop" });
      become("stopping");
    },
    async discard() {
      try {
        await store.discardUnfinished(project);
        setFailure(undefined);
        setKept(await read());
      } catch (error) {
        setFailure((error as Error).message);
      }
    },
    async takeBack() {
      const earlier = kept?.earlier;
      if (!earlier) return;
      const back: Kept = { all: { ...earlier, slot: "all" }, head: undefined, earlier: undefined };
      came.current = back;
      setKept((before) => ({ ...before, ...back }));
      setUnstored(
        !(await store.takeBack(earlier).then(
          () => true,
          () => false,
        )),
      );
    },
  };
}

/** The finished model that exists when a training begins. */
function earlierOf({ all, earlier }: Kept = {}): Earlier | undefined {
  return all?.finished ? { ...all, slot: "earlier" } : earlier;
}

type Progress = Extract<FromTrainer, { kind: "compared" | "planned" | "event" | "warning" }>;

function told(before: Running, message: Progress): Running {
  if (message.kind === "compared") return { ...before, compared: message };
  if (message.kind === "planned")
    return { ...before, compared: undefined, mode: message.mode, plan: message.plan };
  const { curve, notes, warnings } = before;
  if (message.kind === "warning") return { ...before, warnings: [...warnings, message.text] };
  const { event } = message;
  switch (event.kind) {
    case "start":
      return {
        ...before,
        phase: before.phase === "preparing" ? "running" : before.phase,
        start: event,
        curve: upTo(curve, event.done, event.steps),
      };
    case "step":
      return { ...before, step: event, curve: withStep(curve, event) };
    case "epoch":
      return { ...before, curve: withEpoch(curve, event) };
    case "note":
      return { ...before, notes: [...notes, event.text] };
    case "device": {
      const text = `The graphics processor was lost (${event.reason}): the training continues on the CPU from its last checkpoint.`;
      return { ...before, warnings: [...warnings, text] };
    }
    case "checkpoint":
      return before;
  }
}
