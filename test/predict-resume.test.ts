/** `predict --resume`: a resumed run gives the same result as an uninterrupted one. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-resume-"));
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  writeClassifier(at("model.safetensors"), smallArchitecture("happy", "sad"));
  writeFileSync(at("bad.jpg"), "no photo");
  await sharp({ create: { width: 64, height: 64, channels: 3, background: "gray" } })
    .jpeg()
    .toFile(at("good.jpg"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const predict = (photos: readonly string[], ...options: string[]): Promise<number> =>
  run(["predict", ...photos, "--model", at("model.safetensors"), "--device", "cpu", ...options]);

test.each(["jsonl", "csv"])("photos that could not be read before count again: .%s", async (form) => {
  const out = at(`rows.${form}`);
  const photos = [at("bad.jpg"), at("good.jpg")];
  expect(await predict(photos, "--no-detect", "--out", out)).toBe(1);
  const rows = readFileSync(out, "utf8");
  printed.err = "";
  expect(await predict(photos, "--no-detect", "--out", out, "--resume")).toBe(1);
  expect(readFileSync(out, "utf8")).toBe(rows);
  expect(printed.err).toContain("bad.jpg: unreadable in the earlier run");
  // A CSV file has a row per face: its last photo may lack some, so it is done again.
  expect(printed.err).toContain(`${form === "csv" ? "1 was" : "2 were"} already done (1 cannot be read)`);
  // One that is not asked for does not count.
  expect(await predict([at("good.jpg")], "--no-detect", "--out", out, "--resume")).toBe(0);
});

test("photos without a face make the exit code 1 again", async () => {
  const out = at("faceless.jsonl");
  expect(await predict([at("good.jpg")], "--out", out)).toBe(1);
  printed.err = "";
  expect(await predict([at("good.jpg")], "--out", out, "--resume")).toBe(1);
  expect(printed.err).not.toContain("unreadable");
});
