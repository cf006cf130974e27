import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { classifierPath } from "./load.node.ts";

test("a folder without weights is a run without an epoch, or no run at all", () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-load-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  expect(() => classifierPath(folder)).toThrow(
    `${folder} is not a run folder: it contains neither best.onnx nor best.safetensors; give a run folder, or a file`,
  );
  writeFileSync(join(folder, "recipe.json"), "{}");
  expect(() => classifierPath(folder)).toThrow(
    `${folder} contains no best.safetensors: the run has not finished an epoch yet; continue it: train({ resume: "${folder}" })`,
  );
});
