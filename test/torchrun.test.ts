/**
 * docs/how-to/continue-in-pytorch.md from start to end: two processes of PyTorch's DistributedDataParallel train an export
 * further on this machine, and it returns with equal logits. Skips if Python has no torch.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeEach, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { writeSafetensors } from "../src/formats/safetensors.node.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { compileForward } from "../src/program/predict.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { floatTensor } from "../src/util/tensor.ts";
import { classifierMetadata } from "../src/weights/classifier-file.ts";
import { loadWeights } from "../src/weights/load.node.ts";
import { capture, printed } from "./support/printed.ts";
import { hasPython, python } from "./support/python.ts";

const example = fileURLToPath(new URL("../examples/continue-in-pytorch.py", import.meta.url));
const available = hasPython("torch, torchvision, torch.distributed.run");
const folder = mkdtempSync(join(tmpdir(), "vultus-torchrun-"));
const at = (...parts: string[]): string => join(folder, ...parts);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

/** Runs Python in the folder of the export, where the code finds its file. */
function inPython(...args: string[]): string {
  const env = { ...process.env, OMP_NUM_THREADS: "1" };
  const { status, stdout, stderr } = spawnSync(python, args, { cwd: at("exported"), encoding: "utf8", env });
  expect(status, stderr).toBe(0);
  return stdout;
}

const SIDE = 64;
const COUNT = 2 * 3 * SIDE * SIDE;
const answer = `
import json, torch
space = {}
exec(open("load_model.py").read(), space)
model = space["model"].eval()
model.load_state_dict(torch.load("back.pth"))
x = (torch.arange(${COUNT}) % 251 / 125.5 - 1).reshape(2, 3, ${SIDE}, ${SIDE})
print(json.dumps(model(x).tolist()))
`;

test.skipIf(!available)("export, two processes, back again", { timeout: 300_000 }, async () => {
  const design: Architecture = {
    backbone: backboneNamed("resnet18"),
    head: "linear",
    classes: ["angry", "fear", "happy", "neutral", "sad", "surprise"],
    dropout: 0,
    inputSize: SIDE,
    resize: 1,
  };
  const weights = withNewWeights(describeModel(design).specs, new Map(), 3);
  writeSafetensors(at("model.safetensors"), weights, classifierMetadata(design));
  await writeSyntheticFaces(at("photos"), { perClass: 3, validationPerClass: 0, seed: 1 });
  const exported = [
    "export",
    at("model.safetensors"),
    "--to",
    "pth",
    "--out",
    at("exported"),
    "--device",
    "cpu",
  ];
  expect(await run(exported), printed.err).toBe(0);
  const lines = /^import torch[\s\S]*load_state_dict.*$/m.exec(printed.out)?.[0];
  expect(lines, printed.out).toBeDefined();
  writeFileSync(at("exported", "load_model.py"), lines as string);

  // Under Python 3.11, Debian's PyTorch 1.13 rejects its own defaults for the last two.
  const logs = ["--log_dir", at("logs"), "--redirects", "1", "--tee", "1"];
  const two = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", ...logs];
  const trained = inPython(...two, example, "load_model.py", at("photos", "train"), "back.pth", "2");
  expect(trained).toContain("2 processes");
  expect(trained.match(/epoch \d: loss \d/g)).toHaveLength(2);

  const expected = (JSON.parse(inPython("-c", answer)) as number[][]).flat();
  const back = loadWeights(at("exported", "back.pth"), design, describeModel(design));
  expect(back.notes).toEqual([`the head of ${at("exported", "back.pth")} is kept`]);
  const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
  const x = Float32Array.from({ length: COUNT }, (_, i) => Math.fround(Math.fround((i % 251) / 125.5) - 1));
  const logitsOf = async (of: typeof weights): Promise<Float32Array> => {
    const open = await engine.open(compileForward(design, of));
    const { logits } = await open.run({ pictures: floatTensor([2, 3, SIDE, SIDE], x) });
    await open.release();
    return logits?.data as Float32Array;
  };
  const largest = Math.max(...expected.map(Math.abs));
  const distance = (logits: Float32Array): number =>
    Math.max(...expected.map((value, i) => Math.abs(value - (logits[i] as number)))) / largest;
  expect(distance(await logitsOf(back.weights))).toBeLessThan(1e-4);
  // It did learn something in between.
  expect(distance(await logitsOf(weights))).toBeGreaterThan(0.1);
  await engine.close();
});
