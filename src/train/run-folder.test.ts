import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeSafetensors } from "../formats/safetensors.node.ts";
import { FormatError, UsageError, VultusError } from "../util/errors.ts";
import { createRunFolder, openRunFolder, readCheckpoint } from "./run-folder.node.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vultus-run-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function make(...files: string[]): string {
  const run = join(folder, "run");
  for (const file of files) {
    mkdirSync(dirname(join(run, file)), { recursive: true });
    writeFileSync(join(run, file), "");
  }
  return run;
}

describe("a damaged checkpoint is named, with what to do", () => {
  test.each([
    ["no JSON", '{"phase": 0, '],
    ["JSON of something else", "[]"],
    ["nothing", undefined],
  ])("%s for its progress", (_, progress) => {
    const path = join(folder, "last.safetensors");
    writeSafetensors(path, new Map(), progress === undefined ? {} : { progress });
    expect(() => readCheckpoint(path)).toThrow(FormatError);
    expect(() => readCheckpoint(path)).toThrow(
      /last\.safetensors is not a vultus checkpoint.*new run with `out`/s,
    );
  });
});

describe("the folder of a new run", () => {
  test.each([
    ["reading its images", ["cache/pixels-123-0.tmp"]],
    ["its first checkpoint", ["checkpoints/.last.safetensors.123.tmp"]],
    ["its recipe", ["checkpoints/last.safetensors", ".recipe.json.123.tmp"]],
    ["environment.json", ["checkpoints/last.safetensors", "recipe.json", ".environment.json.123.tmp"]],
  ])("is cleared of what a kill during %s left", (_, files) => {
    const run = make(...files);
    createRunFolder(run);
    expect(files.filter((file) => existsSync(join(run, file)))).toEqual([]);
  });

  test.each([
    ["a run", ["checkpoints/last.safetensors", "recipe.json", "environment.json"]],
    ["another file", ["cache/pixels-123-0.tmp", "notes.txt"]],
    ["a person's recipe", ["recipe.json"]],
    ["a person's temporary file", ["pixels.tmp"]],
  ])("may not hold %s, and nothing of it is removed", (_, files) => {
    const run = make(...files);
    expect(() => createRunFolder(run)).toThrow(UsageError);
    expect(readdirSync(run, { recursive: true })).toEqual(expect.arrayContaining(files));
  });

  test("is no file, nor in one", () => {
    const file = join(make("a"), "a");
    expect(() => createRunFolder(file)).toThrow(UsageError);
    expect(() => createRunFolder(file)).toThrow(/is a file; name a folder/);
    expect(() => createRunFolder(join(file, "b"))).toThrow(VultusError);
    expect(() => createRunFolder(join(file, "b"))).toThrow(
      /cannot be created: .*a part of its path is a file/,
    );
  });
});

test("going on with a run removes what a kill left half-written, and nothing else", () => {
  const kept = ["environment.json", "checkpoints/last.safetensors", "notes.tmp", ".vimrc.tmp"];
  const left = ["checkpoints/.last.safetensors.12.tmp", ".best.safetensors.12.tmp", "cache/pixels-12-0.tmp"];
  const run = make(...kept, ...left);
  const environment = { vultus: "", node: "", onnxruntime: "", cpu: "", threads: 1, device: "cpu" };
  const rest = { memoryGB: 1, fingerprint: "", started: "" };
  writeFileSync(join(run, "environment.json"), JSON.stringify({ ...environment, ...rest }));
  openRunFolder(run, { precision: "fp32", cacheFeatures: true });
  const files = readdirSync(run, { recursive: true });
  expect(files).toEqual(expect.arrayContaining(kept));
  for (const file of left) expect(files).not.toContain(file);
});
