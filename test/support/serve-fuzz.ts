/** Sends fuzzed requests to its own service, and checks its responses, its memory and what it leaves behind. */

import { readdirSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Picture } from "../../src/data/dataset.ts";
import { emotionNamed } from "../../src/data/names.ts";
import { type FuzzCase, fuzzCases } from "./fuzz-requests.ts";
import { exchange, type Reply, rawRequest } from "./raw-http.ts";
import { type Service, startService } from "./service-process.ts";

export interface FuzzSettings {
  readonly seed: number;
  readonly requests: number;
  readonly face: Picture;
  /** Number of concurrent requests. */
  readonly atOnce?: number;
  onProgress?(done: number, memory: number): void;
}

export interface FuzzReport {
  /** How often each kind of request got each status; "none" if there was no response. */
  readonly statuses: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Failures: the number of a case and its outcome. */
  readonly faults: readonly string[];
  /** Bytes in memory: the median over the second tenth of the requests, over the last tenth, and the maximum. */
  readonly memory: { readonly early: number; readonly late: number; readonly most: number };
  /** Duration of the slowest exchange. */
  readonly slowest: { readonly milliseconds: number; readonly what: string };
  /** Open files before and after. */
  readonly openFiles: readonly [number, number];
  readonly filesTouched: readonly string[];
  readonly bytesToDisk: number;
  readonly seconds: number;
}

/** Interval between two checks that a good request still gets its result. */
const CHECK_EVERY = 250;

/** Cases from 0 up to `requests` of a seed. */
export async function fuzzService(settings: FuzzSettings): Promise<FuzzReport> {
  const { seed, requests, face, atOnce = 8, onProgress } = settings;
  const caseOf = await fuzzCases(seed, face);
  const service = await startService({ args: ["--rate", "0"] });
  try {
    const good = goodRequest(caseOf.whole);
    const expected = labelOf(await exchange(service.port, good));
    if (!emotionNamed(expected)) throw new Error(`a good request got ${expected}`);
    const untouched = listing();
    const opened = service.openFiles();
    const written = service.bytesToDisk();
    const statuses: Record<string, Record<string, number>> = {};
    const faults: string[] = [];
    const memory: number[] = [];
    const started = performance.now();
    let next = 0;
    let slowest = { milliseconds: 0, what: "" };
    const client = async (): Promise<void> => {
      while (next < requests && faults.length < 100) {
        const index = next++;
        const one = caseOf.make(index);
        const began = performance.now();
        const reply = await exchange(service.port, one.bytes, one.exchange);
        slowest = longer(slowest, {
          milliseconds: performance.now() - began,
          what: `case ${index}, ${one.kind}`,
        });
        const counted = (statuses[one.kind] ??= {});
        const status = String(reply.status ?? "none");
        counted[status] = (counted[status] ?? 0) + 1;
        const fault = faultOf(one, reply, service);
        if (fault) faults.push(`seed ${seed}, case ${index}, ${one.kind}: ${fault}`);
        if (index % CHECK_EVERY === 0) {
          const label = labelOf(await exchange(service.port, good));
          if (label !== expected) faults.push(`after case ${index} a good request got ${label}`);
          memory.push(service.memory());
          onProgress?.(index, service.memory());
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, client));
    const seconds = (performance.now() - started) / 1000;
    // The other side takes a moment to close abandoned connections.
    await sleep(1000);
    return {
      statuses,
      faults,
      memory: {
        early: median(memory.slice(Math.floor(memory.length * 0.1), Math.ceil(memory.length * 0.2))),
        late: median(memory.slice(Math.floor(memory.length * 0.9))),
        most: Math.max(...memory),
      },
      slowest,
      openFiles: [opened, service.openFiles()],
      filesTouched: [...service.filesTouched(), ...listing().filter((file) => !untouched.includes(file))],
      bytesToDisk: service.bytesToDisk() - written,
      seconds,
    };
  } finally {
    await service.stop();
  }
}

function longer(a: FuzzReport["slowest"], b: FuzzReport["slowest"]): FuzzReport["slowest"] {
  return b.milliseconds > a.milliseconds ? b : a;
}

function faultOf({ answerable }: FuzzCase, reply: Reply, service: Service): string | undefined {
  const { status, body, end } = reply;
  if (service.ended !== undefined) return `the service has ended: ${service.ended}; ${service.log()}`;
  if (status === undefined) return answerable ? `no answer (${end})` : undefined;
  if (status >= 500 && status !== 503) return `status ${status}: ${body}`;
  if (status >= 400 && !problemIn(body)) return `status ${status} without a problem: ${body.slice(0, 200)}`;
  return undefined;
}

/** Whether the body is a problem with a code. The response to HEAD has none. */
function problemIn(body: string): boolean {
  if (body === "") return true;
  try {
    return typeof (JSON.parse(body) as { code?: unknown }).code === "string";
  } catch {
    return false;
  }
}

function goodRequest(picture: Uint8Array): Buffer {
  const headers = [
    ["Host", "127.0.0.1"],
    ["Connection", "close"],
    ["Content-Type", "image/jpeg"],
    ["Content-Length", String(picture.length)],
  ] as const;
  return rawRequest("POST /v1/predict HTTP/1.1", headers, picture);
}

/** The label of the first face; anything else as text. */
function labelOf({ status, body }: Reply): string {
  try {
    const { predictions } = JSON.parse(body) as { predictions: { faces: { label: string }[] }[] };
    return predictions[0]?.faces[0]?.label ?? "no face";
  } catch {
    return `${status ?? "no answer"} ${body.slice(0, 200)}`;
  }
}

/** Names, sizes and dates of the files that a service might write by mistake: vultus itself, and the temporary folder. */
function listing(): string[] {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const below = (folder: string, recursive: boolean): string[] =>
    readdirSync(folder, { recursive }).flatMap((name) => {
      const path = join(folder, String(name));
      const { size, mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0, mtimeMs: 0 };
      return recursive ? [`${path} ${size} ${mtimeMs}`] : [path];
    });
  const own = ["src", "models", "dist/web"].flatMap((folder) => below(join(root, folder), true));
  return [...own, ...below(tmpdir(), false).filter((path) => path.includes("vultus-fuzz"))];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
