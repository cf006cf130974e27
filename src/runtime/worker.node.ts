/** The worker thread of an engine: programs, sessions and training state live here. */

import { parentPort, workerData } from "node:worker_threads";
import { stateNames } from "../program/program.ts";
import { messageOf } from "../util/errors.ts";
import { localEngine, type OpenProgram } from "./engine.ts";
import type { Answer, Question, Request } from "./protocol.ts";
import { openSession } from "./session.node.ts";
import type { SessionOptions, Tensors } from "./session.ts";

const engine = localEngine((program) =>
  openSession(program.model, {
    ...(workerData as SessionOptions),
    carries: stateNames(program),
  }),
);
const programs = new Map<number, OpenProgram>();
let opened = 0;

async function answer(request: Request): Promise<Tensors | number | undefined> {
  if (request.kind === "open") {
    programs.set(++opened, await engine.open(request.program));
    return opened;
  }
  const program = programs.get(request.program);
  if (!program) throw new Error(`program ${request.program} is not open`);
  switch (request.kind) {
    case "load":
      await program.load(request.tensors);
      return undefined;
    case "step":
      return program.step(request.tensors);
    case "run":
      return program.run(request.tensors);
    case "state":
      return program.state();
    case "release":
      programs.delete(request.program);
      await program.release();
      return undefined;
  }
}

// Handles one request at a time: the next one waits until the answer to this one has been sent.
let last: Promise<void> = Promise.resolve();
parentPort?.on("message", ({ id, request }: Question) => {
  last = last.then(async () => {
    let message: Answer;
    try {
      message = { id, result: await answer(request) };
    } catch (error) {
      message = { id, error: messageOf(error) };
    }
    parentPort?.postMessage(message);
  });
});
