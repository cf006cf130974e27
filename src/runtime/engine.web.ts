/** Engines of a browser, on the calling thread: run them in a worker to keep a page fluent. */

import { stateNames } from "../program/program.ts";
import { type Engine, localEngine } from "./engine.ts";
import { openSession, type WebDevice, type WebRuntime } from "./session.web.ts";

/** An engine on the calling thread. */
export function webEngine(device: WebDevice, threads = 0, runtime?: WebRuntime): Engine {
  // As in Node: between two runs images are prepared, and threads that wait by spinning would take the cores for nothing.
  return localEngine((program) =>
    openSession(program.model, { device, threads, spinning: false, carries: stateNames(program) }, runtime),
  );
}
