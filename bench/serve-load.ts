/**
 * The service under load, on this machine's loopback: images per second compared with `vultus predict` on the same files, the
 * latency at 80 % of that rate, minutes of overload at twice that rate, and abuse.
 *
 *     npm run build && node --import tsx bench/serve-load.ts [--only photo] [--seconds 30] [--minutes 10] [--json]
 *
 * `--only` takes photo, crops-16, crop or abuse; `--minutes 0` skips the overload. Exits with 1 if a promise is broken: 80 % of
 * `vultus predict` for photos and 16 crops, p99 under four times p50, memory within 10 %, an answer to each request, a result
 * within a second after abuse.
 */

import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Service, startService } from "../test/support/service-process.ts";
import type { Row } from "./row.ts";
import { abuses } from "./serve/abuse.ts";
import { closedLoop, fixedRate, type Outcome, quantile } from "./serve/generate.ts";
import { makeWorkloads, type Workload } from "./serve/workloads.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seconds: { type: "string", default: "30" },
    minutes: { type: "string", default: "10" },
    json: { type: "boolean" },
  },
});
const seconds = Number(values.seconds);
const minutes = Number(values.minutes);
const cli = fileURLToPath(new URL("../bin/vultus.js", import.meta.url));
const rows: Row[] = [];
const broken: string[] = [];

function report(row: Row, detail = ""): void {
  rows.push(row);
  const peer = row.peer ? `  ${row.peer} ${row.peerValue?.toFixed(1)}, ratio ${row.ratio?.toFixed(2)}` : "";
  console.error(`${row.name.padEnd(28)} ${row.value.toFixed(1).padStart(9)} ${row.unit}${peer}  ${detail}`);
}

function promise(holds: boolean, what: string): void {
  if (holds) return;
  broken.push(what);
  console.error(`BROKEN: ${what}`);
}

const { root, workloads } = await makeWorkloads();
try {
  for (const workload of workloads) if (!values.only || values.only === workload.name) await load(workload);
  if (!values.only || values.only === "abuse") await illTreatment();
} finally {
  rmSync(root, { recursive: true, force: true });
}
if (values.json) console.log(JSON.stringify(rows, null, 2));
if (broken.length > 0) process.exitCode = 1;

async function load(workload: Workload): Promise<void> {
  const { name, requests, clients, picturesPerRequest } = workload;
  const peerValue = predictRate(workload);
  const service = await startService({ args: ["--rate", "0"] });
  try {
    const full = await closedLoop(service.url, requests, clients, seconds);
    const rate = full.latencies.length / full.seconds;
    const ratio = (rate * picturesPerRequest) / peerValue;
    report(
      {
        name: `serve-${name}`,
        value: rate * picturesPerRequest,
        unit: "pictures/s",
        peer: "vultus predict",
        peerValue,
        ratio,
      },
      counted(full),
    );
    // Single crops are reported without a target: the overhead of a request exceeds the cost of its image.
    if (name !== "crop") promise(ratio >= 0.8, `${name}: ${ratio.toFixed(2)} of vultus predict`);

    const calm = await fixedRate(service.url, requests, 0.8 * rate, seconds);
    const [p50, p99] = [quantile(calm.latencies, 0.5), quantile(calm.latencies, 0.99)];
    report({ name: `serve-${name}-p50`, value: p50, unit: "ms" }, `at 80 %; ${counted(calm)}`);
    report({ name: `serve-${name}-p99`, value: p99, unit: "ms" }, `${(p99 / p50).toFixed(1)} × p50`);
    promise(p99 < 4 * p50, `${name}: p99 is ${(p99 / p50).toFixed(1)} × p50`);
    if (minutes > 0) await overload(service, workload, rate);
  } finally {
    await service.stop();
  }
}

/** Images per second of `vultus predict`: the additional time for additional files, so that startup does not count. */
function predictRate({ folder, files, predictArgs, name }: Workload): number {
  const times = name === "photo" ? 4 : 3;
  const run = (repeat: number): number => {
    const folders = new Array<string>(repeat).fill(folder);
    const started = performance.now();
    const args = [cli, "predict", ...folders, ...predictArgs, "--jsonl"];
    const { status, stderr } = spawnSync(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    // Exit code 1 means that a photo had no face.
    if (status !== 0 && status !== 1) throw new Error(String(stderr));
    return performance.now() - started;
  };
  run(1);
  const short = run(1);
  return (1000 * files * times) / (run(1 + times) - short);
}

async function overload(service: Service, { name, requests }: Workload, rate: number): Promise<void> {
  const memory: number[] = [];
  const outcome = await fixedRate(service.url, requests, 2 * rate, 60 * minutes, (second) => {
    memory.push(service.memory());
    if (second % 30 === 0) console.error(`  ${second} s, ${(service.memory() / 1e6).toFixed(0)} MB`);
  });
  const { statuses } = outcome;
  const sent = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  const answered = (statuses["200"] ?? 0) + (statuses["503"] ?? 0);
  // The first tenth fills the queue initially.
  const tenth = Math.ceil(memory.length / 10);
  const early = median(memory.slice(tenth, 2 * tenth));
  const growth = median(memory.slice(-tenth)) / early - 1;
  report(
    { name: `serve-${name}-overload`, value: (statuses["200"] ?? 0) / outcome.seconds, unit: "results/s" },
    `at twice the capacity, ${minutes} min; ${counted(outcome)}; memory ${(early / 1e6).toFixed(0)} MB, ${(100 * growth).toFixed(1)} % more at the end`,
  );
  promise(service.ended === undefined, `${name}: the service ended: ${service.ended}`);
  promise(answered === sent, `${name}: ${sent - answered} of ${sent} requests got neither a result nor 503`);
  promise(Math.abs(growth) <= 0.1, `${name}: memory changed by ${(100 * growth).toFixed(1)} %`);
}

async function illTreatment(): Promise<void> {
  const good = workloads.find(({ name }) => name === "crop")?.requests[0];
  if (!good) throw new Error("there is no crop to send");
  const service = await startService({ args: ["--rate", "0"], killable: true });
  try {
    for await (const { name, recovery, detail } of abuses(service, good)) {
      report({ name: `after ${name}`, value: recovery, unit: "ms" }, detail);
      promise(recovery <= 1000, `after ${name} a result took ${recovery.toFixed(0)} ms`);
    }
    promise(service.ended === undefined, `the service ended: ${service.ended}; ${service.log()}`);
  } finally {
    await service.stop();
  }
}

function counted({ statuses }: Outcome): string {
  return Object.entries(statuses)
    .map(([status, count]) => `${status}: ${count}`)
    .join("  ");
}

function median(some: readonly number[]): number {
  return quantile(
    [...some].sort((a, b) => a - b),
    0.5,
  );
}
