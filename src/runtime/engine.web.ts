/** Engines for browsers, on the calling thread. Run them in a worker to keep the page responsive. */

import { stateNames } from "../program/program.ts";
import { type Engine, localEngine } from "./engine.ts";
import { openSession, type WebDevice, type WebRuntime } from "./session.web.ts";

/** Returns an engine on the calling thread. */
export function webEngine(device: WebDevice, threads = 0, runtime?: WebRuntime): Engine {
  // As in Node: images are prepared between runs, and spinning threads would waste the cores.
  return localEngine((program) =>
    openSession(program.model, { device, threads, spinning: false, carries: stateNames(program) }, runtime),
  );
}
