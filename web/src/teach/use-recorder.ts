/** Records examples: keeps the largest face of each camera frame while a class is recorded. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Box } from "../../../src/predict/boxes.ts";
import { nextFrame } from "../camera/use-live.ts";
import { type Recogniser, WorkerLost } from "../recogniser/recogniser.ts";
import type { OpenProject } from "./use-project.ts";
import { newId } from "./use-projects.ts";

/** The last camera frame; boxes in its pixels, the largest first. */
export interface Seen {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
}

export type RecorderState =
  | { readonly kind: "idle" }
  /** Seconds until hands-free recording starts or ends. */
  | { readonly kind: "countdown"; readonly class: string; readonly seconds: number }
  | { readonly kind: "recording"; readonly class: string; readonly seconds?: number };

export interface Recorder {
  readonly seen: Seen | undefined;
  readonly state: RecorderState;
  /** Number of examples of the current or last recording. */
  readonly count: number;
  /** The reason why no frame can be analysed. */
  readonly error: string | undefined;
  /** Records until `release`. */
  hold(to: string): void;
  release(): void;
  /** Records for some seconds, after a countdown. */
  handsFree(to: string): void;
}

export interface RecorderOptions {
  readonly recogniser: Recogniser;
  readonly video: RefObject<HTMLVideoElement>;
  /** Its crops are recorded; undefined while there is none. */
  readonly model: number | undefined;
  /** Whether the camera runs. */
  readonly on: boolean;
  /** Whether it sends no images: a recording waits until it does. */
  readonly muted: boolean;
  readonly project: OpenProject;
}

/** Minimum milliseconds between two examples: neighbouring frames teach little more than one. */
const STEP = 120;
/** Seconds of hands-free recording: for the countdown, and for recording. */
export const GET_READY = 3;
export const HANDS_FREE = 5;

interface Recording {
  readonly id: string;
  readonly class: string;
  /** Number of the stored examples. */
  readonly ids: Set<string>;
  /** Settles once the last example is stored, or has failed. */
  storing: Promise<unknown>;
}

export function useRecorder({ recogniser, video, model, on, muted, project }: RecorderOptions): Recorder {
  const [seen, setSeen] = useState<Seen>();
  const [state, setState] = useState<RecorderState>({ kind: "idle" });
  const [count, setCount] = useState(0);
  const [error, setError] = useState<string>();
  const recording = useRef<Recording>();
  const latest = useRef({ project, muted });
  latest.current = { project, muted };
  const timer = useRef<ReturnType<typeof setInterval>>();

  const begin = (to: string, seconds?: number): void => {
    recording.current = { id: newId(), class: to, ids: new Set(), storing: Promise.resolve() };
    setCount(0);
    setState({ kind: "recording", class: to, ...(seconds === undefined ? {} : { seconds }) });
  };
  const release = (): void => {
    clearInterval(timer.current);
    const ended = recording.current;
    recording.current = undefined;
    setState({ kind: "idle" });
    if (!ended) return;
    const { project: current, added } = latest.current.project;
    const name = current?.classes.find(({ id }) => id === ended.class)?.name ?? "";
    // An example that is being stored counts.
    void ended.storing.then(() => {
      const { ids } = ended;
      if (ids.size > 0)
        added(`Recorded ${ids.size} ${ids.size === 1 ? "example" : "examples"} of “${name}”`, ids);
    });
  };
  const handsFree = (to: string): void => {
    release();
    let left = GET_READY;
    setState({ kind: "countdown", class: to, seconds: left });
    timer.current = setInterval(() => {
      if (latest.current.muted) return;
      left--;
      if (left > 0) return setState({ kind: "countdown", class: to, seconds: left });
      if (left === 0) return begin(to, HANDS_FREE);
      if (left === -HANDS_FREE) return release();
      setState({ kind: "recording", class: to, seconds: HANDS_FREE + left });
    }, 1000);
  };

  useEffect(() => {
    if (!on || model === undefined) return;
    const current = { stopped: false };
    void run(model, current);
    return () => {
      current.stopped = true;
      release();
      setSeen(undefined);
      setError(undefined);
    };
  }, [on, model, recogniser]);

  const { classes } = project.project ?? {};
  useEffect(() => {
    if (state.kind !== "idle" && !classes?.some(({ id }) => id === state.class)) release();
  }, [classes]);

  async function run(cutFor: number, current: { stopped: boolean }): Promise<void> {
    let last = 0;
    while (!current.stopped && video.current) {
      await nextFrame(video.current);
      if (current.stopped) return;
      if (latest.current.muted) continue;
      const to = recording.current;
      const now = Date.now();
      if (to && now - last < STEP) continue;
      let photo: ImageBitmap | undefined;
      try {
        photo = await createImageBitmap(video.current);
        const { face, ...found } = await recogniser.cut({
          photo,
          name: "camera",
          faces: "live",
          model: cutFor,
        });
        if (current.stopped) return;
        if (latest.current.muted) continue;
        setSeen(found);
        setError(undefined);
        // Frames that arrive after the release are not stored.
        if (!to || !face || recording.current !== to) continue;
        last = now;
        const { id } = to;
        const stored = latest.current.project
          .add({ class: to.class, recording: id, time: now, source: "camera", ...face })
          .then((kept) => kept !== undefined && to.ids.add(kept));
        to.storing = stored;
        const isStored = await stored;
        if (recording.current !== to) continue;
        if (isStored) setCount(to.ids.size);
        else release();
      } catch (failure) {
        if (current.stopped) return;
        setError((failure as Error).message);
        if (failure instanceof WorkerLost) return release();
        await new Promise((resolve) => setTimeout(resolve, 500));
      } finally {
        // In case the worker never received it.
        photo?.close();
      }
    }
  }

  return {
    seen: muted ? undefined : seen,
    state,
    count,
    error,
    hold(to) {
      if (state.kind !== "idle") release();
      begin(to);
    },
    release,
    handsFree,
  };
}
