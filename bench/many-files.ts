/**
 * Tests whether memory stays flat when `vultus predict` runs on a folder of very many files.
 *
 * `npm run build && node --import tsx bench/many-files.ts CROPS [--files 1000000] [--model vultus_s]`: the images of CROPS are
 * linked under many names, half of them in folders of a thousand and half in one.
 */

import { spawn } from "node:child_process";
import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { parseArgs } from "node:util";
import { picturesBelow } from "../src/data/folder.node.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: "string", default: "1000000" },
    model: { type: "string", default: "vultus_s" },
  },
});
const [crops] = positionals;
if (!crops) throw new Error("name a folder of face crops");
const count = Number(values.files);
const folder = mkdtempSync(join(tmpdir(), "vultus-many-"));
const [root, out] = [join(folder, "pictures"), join(folder, "predictions.jsonl")];
// A hard link cannot cross file systems.
const pictures = [...picturesBelow(crops)].map((picture, i) => {
  const copy = join(folder, `${i}${extname(picture)}`);
  copyFileSync(picture, copy);
  return copy;
});
try {
  for (let i = 0; i < count; i++) {
    const picture = pictures[i % pictures.length] as string;
    const place = join(root, i % 2 ? "flat" : `${i - (i % 2000)}`);
    if (i < 2 || i % 2000 === 0) mkdirSync(place, { recursive: true });
    linkSync(picture, join(place, `${i}${extname(picture)}`));
  }
  console.log(`${count} files of ${pictures.length} pictures`);
  const started = performance.now();
  const args = ["bin/vultus.js", "predict", root, "--no-detect", "--model", values.model, "--out", out];
  const run = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit"] });
  const ended = new Promise<number | null>((resolve) => run.on("exit", resolve));
  const samples: number[] = [];
  const timer = setInterval(() => samples.push(...residentMegabytes(run.pid as number)), 1000);
  const code = await ended;
  clearInterval(timer);
  const seconds = (performance.now() - started) / 1000;
  const tenth = (n: number): string => {
    const part = samples.slice((samples.length * n) / 10, (samples.length * (n + 1)) / 10);
    return (part.reduce((sum, value) => sum + value, 0) / part.length).toFixed(0);
  };
  console.log(`exit ${code}, ${seconds.toFixed(0)} s, ${(count / seconds).toFixed(0)} files/s`);
  console.log(
    `resident, mean of each tenth of the time in MB: ${[...Array(10).keys()].map(tenth).join(", ")}`,
  );
  console.log(`at most ${Math.max(...samples).toFixed(0)} MB`);
} finally {
  rmSync(folder, { recursive: true });
}

/** One number, or nothing once the process has ended. */
function residentMegabytes(pid: number): number[] {
  const file = `/proc/${pid}/status`;
  const kilobytes = existsSync(file) && /VmRSS:\s+(\d+)/.exec(readFileSync(file, "utf8"))?.[1];
  return kilobytes ? [Number(kilobytes) / 1024] : [];
}
