/** One prediction in four processes, two of which are killed: every photo has a result, and none has two. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { shardOf } from "../src/cli/shard.ts";
import { cli } from "./support/cli.ts";
import { runCli } from "./support/kill.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-shards-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const PHOTOS = 250;

beforeAll(async () => {
  writeClassifier(at("model.safetensors"), smallArchitecture("happy", "sad"));
  mkdirSync(at("photos"));
  for (let i = 0; i < PHOTOS; i++)
    await sharp({ create: { width: 48, height: 48, channels: 3, background: { r: i, g: 99, b: 0 } } })
      .png()
      .toFile(at("photos", `${i}, ä.png`));
  writeFileSync(at("photos", "broken.png"), "no photo");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const predict = [
  "predict",
  at("photos"),
  "--model",
  at("model.safetensors"),
  "--device",
  "cpu",
  "--threads",
  "1",
  "--no-detect",
];
const shard = (index: number, form: string): string[] => [
  ...predict,
  ...["--shard", `${index}/4`, "--out", at(`${index}.${form}`), "--resume", "--exit-zero"],
];
const merge = (form: string, ...more: string[]): Promise<number> =>
  run([
    "results",
    "merge",
    ...[0, 1, 2, 3].map((index) => at(`${index}.${form}`)),
    "--out",
    at(`all.${form}`),
    ...more,
  ]);
const sorted = (path: string): string[] => readFileSync(path, "utf8").trim().split("\n").sort();

test.each(["jsonl", "csv"])("four processes, two of them killed: .%s", { timeout: 240_000 }, async (form) => {
  const killed = async (index: number): Promise<void> => {
    const child = spawn(process.execPath, [...cli, ...shard(index, form)], { stdio: "ignore" });
    const file = at(`${index}.${form}`);
    const timer = setInterval(() => {
      if (existsSync(file) && readFileSync(file, "utf8").split("\n").length > 4) child.kill("SIGKILL");
    }, 2);
    await once(child, "close");
    clearInterval(timer);
  };
  const whole = [1, 3].map((index) => runCli(shard(index, form)));
  await Promise.all([killed(0), killed(2)]);
  expect((await Promise.all(whole)).map(({ code }) => code)).toEqual([0, 0]);
  // If nobody restarts them, that is noticed.
  expect(await merge(form, "--photos", at("photos"))).toBe(1);
  expect(printed.err).toMatch(/\d+ photos without a result: .*, …/);
  rmSync(at(`all.${form}`));
  for (const index of [0, 2]) expect(await run(shard(index, form)), printed.err).toBe(0);
  expect(await merge(form, "--photos", at("photos")), printed.err).toBe(0);
  expect(await run([...predict, "--out", at(`whole.${form}`)])).toBe(1);
  expect(sorted(at(`all.${form}`))).toEqual(sorted(at(`whole.${form}`)));
  expect(sorted(at(`all.${form}`))).toHaveLength(PHOTOS + (form === "csv" ? 2 : 1));
});

test("each file belongs to one shard, wherever numbers begin, and shards are about equally large", () => {
  const files = Array.from({ length: 4000 }, (_, i) => `photos/${i}.jpg`);
  const sizes = [1, 2, 3, 4].map((index) => files.filter(shardOf(`${index}/4`)));
  expect(new Set(sizes.flat()).size).toBe(4000);
  expect(sizes.flat()).toHaveLength(4000);
  for (const own of sizes) expect(Math.abs(own.length - 1000)).toBeLessThan(120);
  expect(files.filter(shardOf("0/4"))).toEqual(sizes[3]);
  for (const text of ["5/4", "1/0", "3", "-1/4", "1/4/2"])
    expect(() => shardOf(text), text).toThrow(/such as 3\/16/);
});

test("an empty shard has an empty file", async () => {
  const [alone] = [at("photos", "1, ä.png")];
  const other = [1, 2].find((index) => !shardOf(`${index}/2`)(alone)) as number;
  const args = ["predict", alone, ...predict.slice(2), "--shard", `${other}/2`, "--out", at("empty.jsonl")];
  expect(await run(args), printed.err).toBe(0);
  expect(readFileSync(at("empty.jsonl"), "utf8")).toBe("");
  for (const name of ["empty-0.csv", "empty-1.csv"]) writeFileSync(at(name), "");
  const merging = ["results", "merge", at("empty-0.csv"), at("empty-1.csv"), "--out", at("empty.csv")];
  expect(await run(merging), printed.err).toBe(0);
  expect(readFileSync(at("empty.csv"), "utf8")).toBe("");
});

test("files that do not belong together are refused; a torn end is reported, and nothing half is written", async () => {
  const row = (file: string, label: string): string =>
    `${JSON.stringify({ file, status: "ok", faces: [{ label }] })}\n`;
  writeFileSync(at("a.jsonl"), row("1.jpg", "happy") + row("2.jpg", "sad"));
  writeFileSync(at("b.jsonl"), row("2.jpg", "happy"));
  writeFileSync(at("c.jsonl"), row("2.jpg", "sad") + row("3.jpg", "sad").slice(0, 20));
  const joined = (...files: string[]): Promise<number> =>
    run(["results", "merge", ...files.map((file) => at(file)), "--out", at("joined.jsonl")]);
  expect(await joined("a.jsonl", "b.jsonl")).toBe(2);
  expect(printed.err).toContain("different results for 2.jpg");
  expect(existsSync(at("joined.jsonl"))).toBe(false);
  expect(await joined("a.jsonl", "c.jsonl")).toBe(1);
  expect(printed.err).toContain("c.jsonl ends in the middle of a photo");
  expect(printed.err).toContain("1 photo occurred twice, with equal results");
  expect(readFileSync(at("joined.jsonl"), "utf8")).toBe(row("1.jpg", "happy") + row("2.jpg", "sad"));
  expect(await joined("a.jsonl")).toBe(2);
  expect(printed.err).toContain("already exists");
  expect(await joined("none.jsonl")).toBe(2);
  writeFileSync(at("d.jsonl"), `${row("1.jpg", "happy")}{"file": \n${row("2.jpg", "sad")}`);
  rmSync(at("joined.jsonl"));
  expect(await joined("d.jsonl")).toBe(1);
  expect(printed.err).toContain("d.jsonl, line 2 is not a prediction");
  writeFileSync(at("e.csv"), "file,status\n");
  expect(await joined("a.jsonl", "e.csv")).toBe(2);
  expect(printed.err).toContain("different formats");
});
