/** What a job tells while it works, and how a caller hears it. */

/** What a job is doing. Most count images; downloading counts bytes, scoring spoilt images passes over all of them. */
export type Stage =
  | "reading"
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

/** Something that a person should be told. */
export interface NoteEvent {
  readonly type: "note";
  readonly text: string;
}

/** How far a stage is. */
export interface ProgressEvent {
  readonly type: "progress";
  readonly stage: Stage;
  readonly done: number;
  /** Left out where it is not known. */
  readonly total?: number;
  /** What holds it up, such as a server that asks for patience. */
  readonly waiting?: string;
}

/** An image that cannot be read, so that the job goes on without it. */
export interface UnreadableEvent {
  readonly type: "unreadable";
  readonly id: string;
  readonly reason: string;
}

/** A file that was written where `out` asked for it. */
export interface WroteEvent {
  readonly type: "wrote";
  readonly path: string;
}

/** What any job may tell. */
export type JobEvent = NoteEvent | ProgressEvent | UnreadableEvent | WroteEvent;

/** Hears events one after the other; a promise that it returns is waited for. The job ends with what it throws. */
export type OnEvent<E = JobEvent> = (event: E) => unknown;

/** Tells events in order, each once the listener is done with the one before. */
export interface Teller<E = JobEvent> {
  tell(event: E): void;
  note(text: string): void;
  progress(stage: Stage, done: number, total?: number): void;
  unreadable(images: readonly { readonly id: string; readonly reason: string }[]): void;
  wrote(...paths: readonly string[]): void;
  /** Resolves when everything told so far was heard. @throws what the listener threw. */
  heard(): Promise<void>;
}

/** Runs a job that tells `onEvent` what it does. Resolves with its result once everything was heard. */
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
    // Whoever asks next whether all was heard gets the error.
    last.catch(() => {});
  };
  const teller: Teller<JobEvent | E> = {
    tell,
    note: (text) => tell({ type: "note", text }),
    progress: (stage, done, total) =>
      tell({ type: "progress", stage, done, ...(total === undefined ? {} : { total }) }),
    unreadable(images) {
      for (const { id, reason } of images) tell({ type: "unreadable", id, reason });
    },
    wrote(...paths) {
      for (const path of paths) tell({ type: "wrote", path });
    },
    heard: () => last,
  };
  const result = await work(teller).catch(async (error: unknown) => {
    // The notes before an error say what led to it.
    await last.catch(() => {});
    throw error;
  });
  await last;
  return result;
}
