/** An engine on a worker thread, so that the main thread can prepare the next batch while a step runs. */

import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { VultusError } from "../util/errors.ts";
import { packageFile } from "../util/package.node.ts";
import { type Engine, EngineLost } from "./engine.ts";
import { switchOffTelemetry } from "./no-telemetry.node.ts";
import type { Answer, Question, Request } from "./protocol.ts";
import type { SessionOptions, Tensors } from "./session.ts";

/** Starts the worker. Calls of a program are answered in order. If the worker dies, all pending calls fail. */
export function startEngine(options: SessionOptions): Engine {
  switchOffTelemetry();
  const worker = new Worker(workerModule(), { workerData: options, ...workerArguments() });
  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  let questions = 0;
  let dead: Error | undefined;
  let whenIdle = (): void => {};

  const fail = (error: Error): void => {
    // A worker that fails also exits: the first error is the cause.
    dead ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    whenIdle();
  };
  worker.on("message", (answer: Answer) => {
    const { resolve, reject } = waiting.get(answer.id) ?? {};
    waiting.delete(answer.id);
    if ("error" in answer) reject?.(new VultusError(answer.error));
    else resolve?.(answer.result as never);
    if (waiting.size > 0) return;
    worker.unref();
    whenIdle();
  });
  worker.on("error", (error) => fail(new EngineLost(`the engine's worker failed: ${error.message}`)));
  const ended = (code: number): void => fail(new EngineLost(`the engine's worker ended (code ${code})`));
  worker.on("exit", ended);
  worker.unref();

  const ask = <T>(request: Request): Promise<T> => {
    if (dead) return Promise.reject(dead);
    const id = ++questions;
    return new Promise<T>((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      // Keeps the process alive only while an answer is pending.
      worker.ref();
      worker.postMessage({ id, request } satisfies Question);
    });
  };

  return {
    device: options.device,
    async open(program) {
      const number = await ask<number>({ kind: "open", program });
      return {
        load: (tensors) => ask({ kind: "load", program: number, tensors }),
        step: (tensors) => ask<Tensors>({ kind: "step", program: number, tensors }),
        run: (tensors) => ask<Tensors>({ kind: "run", program: number, tensors }),
        state: () => ask<Tensors>({ kind: "state", program: number }),
        release: () => ask({ kind: "release", program: number }),
      };
    },
    async close() {
      dead = new VultusError("the engine is closed");
      // Terminating a worker during a run of ONNX Runtime would crash the whole process.
      if (waiting.size > 0) await new Promise<void>((resolve) => (whenIdle = resolve));
      worker.off("exit", ended);
      await worker.terminate();
    },
  };
}

/**
 * Returns Node's arguments for the worker: those of the process, unless they describe a program passed with --eval.
 */
function workerArguments(): { execArgv?: string[] } {
  return process.execArgv.some((argument) => argument.startsWith("--input-type")) ? { execArgv: [] } : {};
}

/**
 * Returns the URL of the built worker, or of its source if this file itself runs from source. A thread can load
 * TypeScript only after tsx is registered in it; `--import tsx` affects only the main thread.
 */
function workerModule(): URL {
  if (!import.meta.url.endsWith(".ts")) return pathToFileURL(packageFile("dist/worker.js"));
  const loader = import.meta.resolve("tsx/esm/api");
  const source = new URL("./worker.node.ts", import.meta.url);
  const start = `import { register } from "${loader}"; register(); await import("${source}");`;
  return new URL(`data:text/javascript,${encodeURIComponent(start)}`);
}
