/** The HTTP service for tests: a small model, real sockets, and what it logged and which of its worker threads live. */

import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import type { Worker } from "node:worker_threads";
import { createService, type Service, type ServiceSettings } from "../../src/server/service.ts";

/** Worker threads that were started while `run` was under way or later, and have not ended. */
export const liveWorkers = new Set<Worker>();
process.on("worker", (worker) => {
  liveWorkers.add(worker);
  worker.once("exit", () => liveWorkers.delete(worker));
});

export interface TestService extends Service {
  /** Lines of the log. */
  readonly lines: Record<string, unknown>[];
  /** Value of a line of `/metrics`, by its beginning. */
  metric(name: string): Promise<number>;
}

export async function startService(settings: ServiceSettings = {}): Promise<TestService> {
  const lines: Record<string, unknown>[] = [];
  const log = { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) };
  const service = await createService({ workers: 1, rate: 0, log, ...settings });
  const metric = async (name: string): Promise<number> => {
    const { body } = await service.app.inject("/metrics");
    const line = body.split("\n").find((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
    return line === undefined ? 0 : Number(line.split(" ").at(-1));
  };
  return { ...service, lines, metric };
}

/** Takes all turns, so that every image waits; the returned function gives them back. */
export async function holdTurns({ admission }: Service, turns: number): Promise<() => void> {
  const { signal } = new AbortController();
  const held = await Promise.all(Array.from({ length: turns }, () => admission.turn(signal)));
  return () => held.forEach((end) => end());
}

/** Waits until it is so, for at most a minute. */
export async function until(so: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await so())) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A bare connection, which has written `text`; `answer` is all that came back once the service closed it. */
export interface Bare {
  readonly socket: Socket;
  readonly answer: Promise<string>;
}

export async function bare({ app }: Service, text: string): Promise<Bare> {
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (data) => (received += data.toString()));
  socket.on("error", () => {});
  const answer = new Promise<string>((resolve) => socket.on("close", () => resolve(received)));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.write(text);
  return { socket, answer };
}

/** The status line's number and the problem's code of a bare answer. */
export function codeOf(answer: string): string {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const { code } = JSON.parse(body) as { code: string };
  return `${head.split(" ")[1]} ${code}`;
}
