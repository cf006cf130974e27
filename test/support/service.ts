/** The HTTP service for tests: a small model, real sockets, its log, and its live worker threads. */

import type { AddressInfo } from "node:net";
import { connect, type Socket } from "node:net";
import type { Worker } from "node:worker_threads";
import { createService, type Service, type ServiceSettings } from "../../src/server/service.ts";

/** Worker threads that were started during `run` or later, and have not ended. */
export const liveWorkers = new Set<Worker>();
process.on("worker", (worker) => {
  liveWorkers.add(worker);
  worker.once("exit", () => liveWorkers.delete(worker));
});

export interface TestService extends Service {
  /** Lines of the log. */
  readonly lines: Record<string, unknown>[];
  /** Value of the line of `/metrics` that begins with this text. */
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

/** Takes all slots, so that every image waits; the returned function releases them. */
export async function holdTurns({ admission }: Service, turns: number): Promise<() => void> {
  const { signal } = new AbortController();
  const held = await Promise.all(Array.from({ length: turns }, () => admission.turn(signal)));
  return () => held.forEach((end) => end());
}

/** Waits until the condition holds, for at most a minute. */
export async function until(so: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await so())) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A raw connection that has sent `text`; `answer` is everything received until the service closed it. */
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

/** The status code and the problem's code of a raw response. */
export function codeOf(answer: string): string {
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  const { code } = JSON.parse(body) as { code: string };
  return `${head.split(" ")[1]} ${code}`;
}
