/** Sends requests as many clients would: each as soon as its last is answered, or at a fixed rate whatever the service does. */

import { setTimeout as sleep } from "node:timers/promises";
import { Pool } from "undici";
import type { LoadRequest } from "./workloads.ts";

export interface Outcome {
  /** Answers by status; "error" where the connection failed, "no answer" where nothing came within a minute. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds of the answers with a result, sorted. At a fixed rate they count from when the request was due. */
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

/** `clients` of them, each waiting for its answer; what was answered in the first fifth of the time is not counted. */
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

/** `rate` requests a second at equal distances; all of them are waited for at the end. */
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

/** Of sorted values, such that `share` of them are not greater. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
