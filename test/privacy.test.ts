/**
 * What vultus leaves behind in addition to its result: nothing. ONNX Runtime by default would leave an identifier and reports.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, expect, test } from "vitest";
import { drawFace } from "../src/data/synthetic.ts";
import { cli, tracelessEnvironment } from "./support/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-privacy-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a prediction writes no file anywhere", { timeout: 60_000 }, async () => {
  const { pixels, width, height, channels } = drawFace("happy", "privacy", 0);
  const face = join(folder, "face.png");
  await sharp(pixels, { raw: { width, height, channels } }).toFile(face);
  const home = join(folder, "home");
  mkdirSync(home);
  // As on a user's machine: under these variables ONNX Runtime assumes a test environment and reports nothing anyway.
  const env = { ...process.env };
  for (const name of Object.keys(env))
    if (/^(CI|ORT_|XDG_|GITHUB|TF_BUILD|JENKINS|VITEST)/.test(name)) delete env[name];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...cli, "predict", face, "--no-detect", "--device", "cpu", "--json"],
    { cwd: home, env: { ...env, ...tracelessEnvironment, HOME: home, TMPDIR: home }, encoding: "utf8" },
  );
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject([{ status: "ok" }]);
  expect(readdirSync(home, { recursive: true })).toEqual([]);
});
