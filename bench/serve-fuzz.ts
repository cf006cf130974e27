/**
 * Fuzzed requests against the service: no 5xx other than 503, no crash, no growth, no file touched.
 *
 * `npm run build && node --import tsx bench/serve-fuzz.ts [--requests 50000] [--seed 1] [--json]`
 */

import { parseArgs } from "node:util";
import { clearFace } from "../test/support/composites.ts";
import { fuzzService } from "../test/support/serve-fuzz.ts";

const { values } = parseArgs({
  options: {
    requests: { type: "string", default: "50000" },
    seed: { type: "string", default: "1" },
    json: { type: "boolean" },
  },
});
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(0)} MB`;
const report = await fuzzService({
  seed: Number(values.seed),
  requests: Number(values.requests),
  face: clearFace,
  onProgress: (done, memory) => process.stderr.write(`\r${done} requests, ${megabytes(memory)}   `),
});
process.stderr.write("\n");
const { statuses, faults, memory, openFiles, filesTouched, bytesToDisk, seconds, slowest } = report;
const growth = memory.late / memory.early - 1;
if (values.json) console.log(JSON.stringify({ ...report, growth }, null, 2));
else {
  for (const [kind, counts] of Object.entries(statuses).sort(([a], [b]) => a.localeCompare(b)))
    console.log(
      `${kind.padEnd(30)} ${Object.entries(counts)
        .map(([status, count]) => `${status}: ${count}`)
        .join("  ")}`,
    );
  console.log(
    `${values.requests} requests in ${seconds.toFixed(0)} s, the slowest ${slowest.milliseconds.toFixed(0)} ms (${slowest.what}); memory ${megabytes(memory.early)} early, ${megabytes(memory.late)} late (${(100 * growth).toFixed(1)} %), at most ${megabytes(memory.most)}; open files ${openFiles.join(" → ")}; ${bytesToDisk} bytes to disk; files touched: ${filesTouched.join(", ") || "none"}`,
  );
  for (const fault of faults) console.log(`FAULT ${fault}`);
}
if (faults.length > 0 || filesTouched.length > 0 || growth > 0.1) process.exitCode = 1;
