/**
 * Sends requests like many clients: each as soon as the previous one is answered, or at a fixed rate regardless of the service.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import type { LoadRequest } from "./workloads.ts";

export interface Outcome {
  /** Responses by status; "error" if the connection failed, "no answer" if nothing came within a minute. */
  readonly statuses: Readonly<Record<string, number>>;
  /**
   * Latencies of the responses with a result in milliseconds, sorted. At a fixed rate they count from when the request was due.
   */
  readonly latencies: readonly number[];
  readonly seconds: number;
}

const PATIENCE = 60_000;

class Tally {
  readonly statuses: Record<string, number> = {};
  readonly latencies: number[] = [];

  add(status: string, milliseconds: number): void {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1;
    if (status === "200") this.latencies.push(milliseconds);
  }

  outcome(seconds: number): Outcome {
    return { statuses: this.statuses, latencies: this.latencies.sort((a, b) => a - b), seconds };
  }
}

/** Runs `clients` clients, each of which waits for its answer; answers in the first fifth of the time are not counted. */
export async function closedLoop(
  url: string,
  requests: readonly LoadRequest[],
  clients: number,
  seconds: number,
): Promise<Outcome> {
  const pool = new Pool(url, { connections: clients, headersTimeout: PATIENCE, bodyTimeout: PATIENCE });
  const tally = new Tally();
  const started = performance.now();
  const counted = started + 200 * seconds;
  const until = started + 1000 * seconds;
  let next = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < until) {
      const began = performance.now();
      const status = await send(pool, requests[next++ % requests.length] as LoadRequest);
      const now = performance.now();
      if (now >= counted && now <= until) tally.add(status, now - began);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  await pool.close();
  return tally.outcome((until - counted) / 1000);
}

/** Sends `rate` requests per second at equal intervals, and waits for all of them at the end. */
export async function fixedRate(
  url: string,
  requests: readonly LoadRequest[],
  rate: number,
  seconds: number,
  onSecond: (second: number) => void = () => {},
): Promise<Outcome> {
  const pool = new Pool(url, { connections: 1024, headersTimeout: PATIENCE, bodyTimeout: PATIENCE });
  const tally = new Tally();
  const pending = new Set<Promise<void>>();
  const started = performance.now();
  const count = Math.floor(rate * seconds);
  let second = 0;
  for (let i = 0; i < count; i++) {
    const due = started + (1000 * i) / rate;
    const early = due - performance.now();
    if (early > 1) await sleep(early);
    const one = send(pool, requests[i % requests.length] as LoadRequest).then((status) => {
      tally.add(status, performance.now() - due);
      pending.delete(one);
    });
    pending.add(one);
    if (performance.now() - started > 1000 * (second + 1)) onSecond(++second);
  }
  await Promise.all(pending);
  await pool.close();
  return tally.outcome((performance.now() - started) / 1000);
}

async function send(pool: Pool, { path, type, body }: LoadRequest): Promise<string> {
  try {
    const answer = await pool.request({ method: "POST", path, body, headers: { "content-type": type } });
    await answer.body.dump();
    return String(answer.statusCode);
  } catch (error) {
    const { code } = error as { code?: string };
    return code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT"
      ? "no answer"
      : `error ${code}`;
  }
}

/** The sorted value such that `share` of the values are not greater. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
