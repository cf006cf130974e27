/** The page's side of the worker: every request is a promise. */

import { isFromElsewhere } from "../../../src/util/origin.ts";
import type { Answer, Calls, Kind, Question } from "./protocol.ts";
// oxlint-disable-next-line import/default -- Vite makes the module.
import workerUrl from "./worker.ts?worker&url";

/** One method per request. A bitmap that is examined or cropped is transferred, and closed by the worker. */
export type Recogniser = {
  readonly [K in Kind]: (ask: Calls[K]["ask"]) => Promise<Calls[K]["answer"]>;
} & {
  /** Ends the worker; pending and later requests fail. */
  close(): void;
};

/** The worker has died and no longer responds. */
export class WorkerLost extends Error {}

/** Starts the worker; if it dies, all pending and later requests fail. */
export function startRecogniser(): Recogniser {
  const worker = openWorker();
  const waiting = new Map<number, { resolve(answer: never): void; reject(error: Error): void }>();
  let asked = 0;
  let dead: WorkerLost | undefined;
  worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => {
    const { resolve, reject } = waiting.get(data.id) ?? {};
    waiting.delete(data.id);
    if ("error" in data) reject?.(new Error(data.error));
    else resolve?.(data.answer as never);
  });
  const lose = (reason: string): void => {
    dead = new WorkerLost(reason);
    for (const { reject } of waiting.values()) reject(dead);
    waiting.clear();
  };
  worker.addEventListener("error", ({ message }) =>
    lose(`the worker failed${message ? `: ${message}` : ""}; load the page again`),
  );
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
    prior: call("prior"),
    remove: call("remove"),
    examine: call("examine", handedOver),
    cut: call("cut", handedOver),
    explain: call("explain"),
    close() {
      worker.terminate();
      lose("the models were closed");
    },
  };
}

function handedOver({ photo }: { readonly photo: Blob | ImageBitmap }): Transferable[] {
  return photo instanceof ImageBitmap ? [photo] : [];
}

/**
 * A worker must come from the page's own origin; if this code comes from another one, a worker of the page's origin imports it
 * from there.
 */
function openWorker(): Worker {
  // The options are repeated here because bundlers read them statically.
  if (!isFromElsewhere(import.meta.url))
    return new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "recogniser" });
  const blob = new Blob([`import ${JSON.stringify(workerUrl)};`], { type: "text/javascript" });
  const address = URL.createObjectURL(blob);
  const worker = new Worker(address, { type: "module", name: "recogniser" });
  // By then the browser has begun to read it.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
  return worker;
}
