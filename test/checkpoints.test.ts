/** Checkpoints as training frameworks write them, by Debian's PyTorch: the weights are found, and what was passed over is reported. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describe as describeArchitecture } from "../src/models/classifier.ts";
import { recipeArchitecture } from "../src/train/forecast.ts";
import { resolveRecipe } from "../src/train/override.ts";
import { floatTensor, type StateDict, sizeOf } from "../src/util/tensor.ts";
import { libraryNames } from "../src/weights/canonical-names.ts";
import { loadWeights } from "../src/weights/load.node.ts";
import { hasPython, python } from "./support/python.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-checkpoints-"));
afterAll(() => rmSync(dir, { recursive: true }));

const recipe = { ...resolveRecipe("finetune"), model: "resnet18", head: "linear" as const };
const architecture = recipeArchitecture(recipe, ["happy", "sad"]);
const description = describeArchitecture(architecture);
/** Each tensor is its position, so that one taken from another dictionary is seen. */
const weights: StateDict = new Map(
  description.specs.map(({ name, shape }, i) => [
    name,
    floatTensor(shape, new Float32Array(sizeOf(shape)).fill(i)),
  ]),
);
const names = [...libraryNames(weights, architecture)].map(([name, { shape }]) => [name, shape]);

/** Python that saves each of `files`; `sd` are the weights by their names, `other` the same shapes of other numbers. */
const files: Readonly<Record<string, string>> = {
  "compiled, parallel": `{f"_orig_mod.module.{k}": v for k, v in sd.items()}`,
  "parallel, compiled": `{f"module._orig_mod.{k}": v for k, v in sd.items()}`,
  lightning: `{"state_dict": {**{f"model.{k}": v for k, v in sd.items()}, "criterion.weight": torch.ones(2), "criterion.pos": torch.ones(2)},
    "hyper_parameters": {"lr": np.float64(0.1)}, "epoch": 3, "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(3)}}}]}`,
  averaged: `{**{f"module.{k}": v for k, v in sd.items()}, "n_averaged": torch.tensor(5)}`,
  net: `{"net": sd, "acc": np.float32(0.71), "optimizer": {"state": {0: {"exp_avg": torch.ones(3)}}}}`,
  network: `{"network": sd, "args": argparse.Namespace(lr=0.1, path=pathlib.Path("a")), "best": torch.tensor(0.5)}`,
  "an average beside": `{"state_dict_ema": other, "state_dict": sd, "arch": "resnet18"}`,
  "an average alone": `{"ema": sd, "step": np.int64(7), "loss": np.ones(3), "history": collections.defaultdict(list)}`,
  "a wrapper of one's own": `{f"features.net0.{k}": v for k, v in sd.items()}`,
};

describe.runIf(hasPython("torch,numpy"))("a checkpoint", () => {
  beforeAll(() => {
    writeFileSync(join(dir, "names.json"), JSON.stringify(names));
    const saves = Object.entries(files).map(
      ([name, value]) => `torch.save(${value}, ${JSON.stringify(join(dir, `${name}.pth`))})`,
    );
    const script = `
import argparse, collections, json, pathlib
import numpy as np
import torch
names = json.load(open(${JSON.stringify(join(dir, "names.json"))}))
sd = {name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(names)}
other = {name: torch.full(shape, -1.0) for name, shape in names}
${saves.join("\n")}
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), ${JSON.stringify(join(dir, "script.pt"))})
`;
    const { status, stderr } = spawnSync(python, ["-c", script], { encoding: "utf8" });
    expect(stderr, "Python").toBe("");
    expect(status).toBe(0);
  }, 60_000);

  const load = (name: string) => loadWeights(join(dir, name), architecture, description);

  test.each(Object.keys(files))("%s", (name) => {
    const { weights: found } = load(`${name}.pth`);
    expect(found.size).toBe(weights.size);
    for (const [tensor, { data }] of weights) expect(found.get(tensor)?.data[0], tensor).toBe(data[0]);
  });

  test("reports what was taken and what was passed over", () => {
    expect(load("lightning.pth").notes[0]).toMatch(
      /lightning\.pth: took the tensors under "model\.", passed over criterion\.weight, criterion\.pos$/,
    );
    expect(load("averaged.pth").notes[0]).toMatch(/under "module\.", passed over n_averaged$/);
    expect(load("an average beside.pth").notes[0]).toMatch(
      /took the tensors of "state_dict", passed over those of "state_dict_ema"$/,
    );
    expect(load("net.pth").notes.join()).not.toContain("passed over");
  });

  test("that is a TorchScript program is refused with the way to convert it", () => {
    expect(() => load("script.pt")).toThrow(
      /is a TorchScript program.*torch\.jit\.load\(".*script\.pt", "cpu"\)/,
    );
  });
});
