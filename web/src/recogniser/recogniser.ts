/** The page's end of the worker: every question is a promise. */

import type { Answer, Calls, Kind, Question } from "./protocol.ts";

/** One method per question. A bitmap that is examined is handed over, and closed by the worker. */
export type Recogniser = {
  readonly [K in Kind]: (ask: Calls[K]["ask"]) => Promise<Calls[K]["answer"]>;
};

/** The worker has died, and answers nothing any more. */
export class WorkerLost extends Error {}

/** Starts the worker; one that dies fails all that wait, and all that is asked later. */
export function startRecogniser(): Recogniser {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "recogniser" });
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>();
  let asked = 0;
  let dead: WorkerLost | undefined;
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    const { resolve, reject } = waiting.get(data.id) ?? {};
    waiting.delete(data.id);
    if ("error" in data) reject?.(new Error(data.error));
    else resolve?.(data.answer as never);
  });
  worker.addEventListener("error", ({ message }) => {
    dead = new WorkerLost(`the worker failed${message ? `: ${message}` : ""}; load the page again`);
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  });
  const call =
    <K extends Kind>(kind: K, transfer: (ask: Calls[K]["ask"]) => Transferable[] = () => []) =>
    (ask: Calls[K]["ask"]): Promise<Calls[K]["answer"]> => {
      if (dead) return Promise.reject(dead);
      const id = ++asked;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, kind, ask } satisfies Question<K>, transfer(ask));
      });
    };
  return {
    start: call("start"),
    add: call("add"),
    remove: call("remove"),
    examine: call("examine", ({ photo }) => (photo instanceof ImageBitmap ? [photo] : [])),
    explain: call("explain"),
  };
}
