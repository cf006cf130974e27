/** The events of a job, and how a caller receives them. */

import type { Unreadable, UnreadableCode } from "../data/unreadable.ts";

/** What a job is doing. Most stages count images; downloading counts bytes, and robustness counts passes over all images. */
export type Stage =
  | "reading"
  | "cropping"
  | "comparing"
  | "finding the splits"
  | "looking for leaks"
  | "scoring"
  | "test-time augmentation"
  | "robustness"
  | "explaining"
  | "deletion and insertion"
  | "asking the teachers"
  | "asking the members"
  | "judging labels: features"
  | "judging labels: training"
  | "downloading weights";

/** A message for a person. */
export interface NoteEvent {
  readonly type: "note";
  readonly text: string;
}

/** Progress of a stage. */
export interface ProgressEvent {
  readonly type: "progress";
  readonly stage: Stage;
  readonly done: number;
  /** Left out if unknown. */
  readonly total?: number;
  /** Why it is waiting, for example because a server asks to retry later. */
  readonly waiting?: string;
}

/** An image that cannot be read; the job continues without it. */
export interface UnreadableEvent {
  readonly type: "unreadable";
  readonly id: string;
  /** For programs. */
  readonly code: UnreadableCode;
  readonly reason: string;
}

/** A file that was written. */
export interface WroteEvent {
  readonly type: "wrote";
  readonly path: string;
}

/** The events of any job. */
export type JobEvent = NoteEvent | ProgressEvent | UnreadableEvent | WroteEvent;

/** Receives events one at a time; a promise that it returns is awaited. If it throws, the job fails with that error. */
export type OnEvent<E = JobEvent> = (event: E) => unknown;

/** Sends events in order, each after the listener has finished the one before. */
export interface Teller<E = JobEvent> {
  tell(event: E): void;
  note(text: string): void;
  progress(stage: Stage, done: number, total?: number): void;
  unreadable(images: readonly Unreadable[]): void;
  wrote(...paths: readonly string[]): void;
  /** Resolves when the listener has finished all events so far. @throws what the listener threw. */
  heard(): Promise<void>;
}

/** Runs a job that sends events to `onEvent`. Resolves with its result once the listener has finished. */
export async function telling<R, E = never>(
  onEvent: OnEvent<JobEvent | E> | undefined,
  work: (teller: Teller<JobEvent | E>) => Promise<R>,
): Promise<R> {
  let last: Promise<void> = Promise.resolve();
  const tell = (event: JobEvent | E): void => {
    if (!onEvent) return;
    last = last.then(async () => {
      await onEvent(event);
    });
    // The error is thrown by the next `heard()`.
    last.catch(() => {});
  };
  const teller: Teller<JobEvent | E> = {
    tell,
    note: (text) => tell({ type: "note", text }),
    progress: (stage, done, total) =>
      tell({ type: "progress", stage, done, ...(total === undefined ? {} : { total }) }),
    unreadable(images) {
      for (const { id, code, reason } of images) tell({ type: "unreadable", id, code, reason });
    },
    wrote(...paths) {
      for (const path of paths) tell({ type: "wrote", path });
    },
    heard: () => last,
  };
  const result = await work(teller).catch(async (error: unknown) => {
    // Delivers the notes that led to the error first.
    await last.catch(() => {});
    throw error;
  });
  await last;
  return result;
}
