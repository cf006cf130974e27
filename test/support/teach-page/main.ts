/** A page that runs the trainings that the test requests, one after the other in one worker. */

import type { Asked, Taught } from "./protocol.ts";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });

function teach(asked: Asked): Promise<Taught> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Taught>) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(asked);
  });
}

Object.assign(globalThis, { teach });
