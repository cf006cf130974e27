/**
 * Measures what two long images cost a training: seconds per epoch and peak memory, with and without them.
 *
 * `npm run build && node --import tsx bench/long-images.ts [--side 64] [--input-size 64] [--long 1200x60]`: 64 images of `side`
 * pixels, half of them for validation, plus one of the extent `long` and one rotated by 90 degrees. SqueezeNet from random
 * weights, batches of 64, two threads; the median of the epochs after the first.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import sharp from "sharp";
import { run } from "../src/cli/main.ts";
import { random } from "../src/util/random.ts";

const { values } = parseArgs({
  options: {
    side: { type: "string", default: "64" },
    "input-size": { type: "string", default: "64" },
    long: { type: "string", default: "1200x60" },
    train: { type: "string" },
    out: { type: "string" },
  },
});

if (values.train !== undefined) {
  const phase = {
    name: "all",
    train: "all",
    epochs: 6,
    patience: 9,
    optimizer: { type: "adamw", learningRate: 1e-4 },
  };
  const code = await run([
    ...[
      "train",
      values.train,
      "--out",
      values.out as string,
      "--model",
      "squeezenet1_1",
      "--weights",
      "none",
    ],
    ...["--input-size", values["input-size"], "--batch-size", "64", "--threads", "2", "--device", "cpu"],
    ...["--set", `phases=${JSON.stringify([phase])}`, "--json"],
  ]);
  // In kilobytes, including workers.
  console.error(process.resourceUsage().maxRSS);
  process.exit(code);
}

const folder = mkdtempSync(join(tmpdir(), "vultus-long-"));
async function draw(name: string, width: number, height: number): Promise<void> {
  const rng = random("long images", name);
  const pixels = Buffer.from(Array.from({ length: width * height * 3 }, () => rng.integer(256)));
  mkdirSync(join(folder, name, ".."), { recursive: true });
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(join(folder, name));
}

function measured(label: string): void {
  const out = join(folder, label);
  const args = [import.meta.filename, "--train", join(folder, "data"), "--out", out];
  const child = spawnSync(
    process.execPath,
    ["--import", "tsx", ...args, "--input-size", values["input-size"]],
    { encoding: "utf8" },
  );
  if (child.status !== 0) throw new Error(child.stderr);
  const peak = Number(child.stderr.trim().split("\n").at(-1)) / 1024;
  const seconds = readFileSync(join(out, "events.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; seconds: number })
    .flatMap((event) => (event.event === "epochEnd" ? event.seconds : []))
    .slice(1)
    .sort((a, b) => a - b);
  const median = seconds[Math.floor(seconds.length / 2)] as number;
  console.log(`${label}: ${median.toFixed(2)} s an epoch, peak ${peak.toFixed(0)} MB`);
}

try {
  const side = Number(values.side);
  for (const name of ["happy", "sad"])
    for (let i = 0; i < 64; i++)
      await draw(`data/${i < 32 ? "train" : "validation"}/${name}/${i}.png`, side, side);
  measured("without");
  const [width = 0, height = 0] = values.long.split("x").map(Number);
  await draw("data/train/happy/wide.png", width, height);
  await draw("data/train/sad/high.png", height, width);
  measured("with");
} finally {
  rmSync(folder, { recursive: true });
}
