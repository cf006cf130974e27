/** `predict` prints results as they come: a finished photo does not wait for others. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadModel, predictFiles } from "../src/predict/model.node.ts";
import { cli } from "./support/cli.ts";
import { clearFace, composite } from "./support/composites.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-streaming-"));
const at = (name: string): string => join(folder, name);
const model = at("model.safetensors");

beforeAll(async () => {
  writeClassifier(model, smallArchitecture("happy", "sad"));
  const face = clearFace;
  const { pixels, width, height } = composite(300, 300, [{ face, x: 150, y: 150, side: 90 }]);
  const photo = sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace("srgb");
  writeFileSync(at("a.jpg"), await photo.jpeg({ quality: 95 }).toBuffer());
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("the library: the first prediction is there before the second photo is named", async () => {
  let name: (file: string) => void = () => {};
  const second = new Promise<string>((resolve) => (name = resolve));
  const files = (async function* () {
    yield at("a.jpg");
    yield await second;
  })();
  const loaded = await loadModel(model, { threads: 1 });
  try {
    const predictions = predictFiles(loaded, files);
    const first = await predictions.next();
    expect(first.value).toMatchObject({ file: at("a.jpg"), status: "ok" });
    name(at("no.jpg"));
    expect((await predictions.next()).value).toMatchObject({ file: at("no.jpg"), status: "unreadable" });
    expect((await predictions.next()).done).toBe(true);
  } finally {
    await loaded.close();
  }
});

test.skipIf(process.platform === "win32").each([
  ["table", []],
  ["JSON lines", ["--jsonl"]],
  ["CSV", ["--csv"]],
])(
  "the command, %s: the first row is printed while the second photo is still read",
  async (_, form) => {
    const slow = at("slow.jpg");
    rmSync(slow, { force: true });
    expect(spawnSync("mkfifo", [slow]).status).toBe(0);
    const child = spawn(process.execPath, [
      ...cli,
      ...["predict", at("a.jpg"), slow, "--model", model, "--device", "cpu", ...form],
    ]);
    const ended = once(child, "close");
    let out = "";
    const first = new Promise<void>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text;
        if (out.includes("a.jpg")) resolve();
      });
    });
    // Nothing was written into the pipe yet, so the second photo cannot be done.
    await first;
    expect(out).not.toContain("slow.jpg");
    await writeFile(slow, readFileSync(at("a.jpg")));
    expect((await ended)[0]).toBe(0);
    expect(out).toContain("slow.jpg");
  },
  30_000,
);

test.each([
  ["the result", "stdout", 0],
  ["messages", "stderr", 1],
] as const)(
  "the command ends in order when nobody reads %s any more, though a session runs",
  async (_, stream, code) => {
    const photos = Array.from({ length: 60 }, (__, i) => at(i % 20 === 10 ? "no.jpg" : "a.jpg"));
    const child = spawn(process.execPath, [
      ...cli,
      ...["predict", ...photos, "--model", model, "--device", "cpu", "--jsonl"],
    ]);
    const ended = once(child, "close");
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].setEncoding("utf8").on("data", (text: string) => {
        printed[name] += text;
        if (name === stream) child[name].destroy();
      });
    expect(await ended).toEqual([code, null]);
    if (stream === "stderr") expect(printed.stdout.trimEnd().split("\n")).toHaveLength(60);
    else expect(printed.stderr).not.toMatch(/terminate|bug in vultus|reader of the result/);
  },
  30_000,
);
