/**
 * Checkpoints as training frameworks write them, by Debian's PyTorch: the weights are found, and skipped entries are reported.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describe as describeArchitecture } from "../src/models/classifier.ts";
import { recipeArchitecture } from "../src/train/forecast.ts";
import { resolveRecipe } from "../src/train/override.ts";
import { FormatError } from "../src/util/errors.ts";
import { floatTensor, type StateDict, sizeOf } from "../src/util/tensor.ts";
import { libraryNames } from "../src/weights/canonical-names.ts";
import { loadWeights } from "../src/weights/load.node.ts";
import { hasPython, python } from "./support/python.ts";

const dir = mkdtempSync(join(tmpdir(), "vultus-checkpoints-"));
afterAll(() => rmSync(dir, { recursive: true }));

const recipe = { ...resolveRecipe("finetune"), model: "squeezenet1_1", head: "linear" as const };
const architecture = recipeArchitecture(recipe, ["happy", "sad"]);
const description = describeArchitecture(architecture);
/** Each tensor is filled with its index, so that one from another dictionary is noticed. */
const weights: StateDict = new Map(
  description.specs.map(({ name, shape }, i) => [
    name,
    floatTensor(shape, new Float32Array(sizeOf(shape)).fill(i)),
  ]),
);
const names = [...libraryNames(weights, architecture)].map(([name, { shape }]) => [name, shape]);

/** Python code that saves each of `files`; `sd` holds the weights by name, `other` the same shapes with other numbers. */
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
  "FSDP, wrapped within": `{f"_fsdp_wrapped_module.{k}".replace("features.3.", "features.3._fsdp_wrapped_module._checkpoint_wrapped_module."): v for k, v in sd.items()}`,
  "compiled within": `{k.replace("features.", "features._orig_mod."): v for k, v in sd.items()}`,
  accelerate: `{f"_forward_module.module.{k}": v for k, v in sd.items()}`,
  deepspeed: `{"module": sd, "param_shapes": [{k: v.shape for k, v in sd.items()}], "optimizer": None, "ds_version": "0.8.0"}`,
  "fastai, with its optimizer": `(sd, {"state": [{"mom": torch.ones(3)}], "hypers": [{"lr": 0.1}]})`,
  "fastai, by name": `{"model": sd, "opt": {"state": [{"grad_avg": torch.ones(3)}]}}`,
  "teacher and student": `{"teacher": {f"backbone.{k}": v for k, v in other.items()}, "student": {f"module.backbone.{k}": v for k, v in sd.items()}}`,
  "a teacher alone": `{"teacher": {f"backbone.{k}": v for k, v in sd.items()}, "epoch": 3}`,
  "teacher and student in one": `{**{f"teacher.{k}": v for k, v in other.items()}, **{f"student.{k}": v for k, v in sd.items()}}`,
  moco: `{"state_dict": {**{f"module.encoder_k.{k}": v for k, v in other.items()}, **{f"module.encoder_q.{k}": v for k, v in sd.items()}, "module.queue": torch.ones(4, 4)}}`,
  "moco, version 3": `{"state_dict": {**{f"module.momentum_encoder.{k}": v for k, v in other.items()}, **{f"module.base_encoder.{k}": v for k, v in sd.items()}}}`,
  byol: `{**{f"target_network.encoder.{k}": v for k, v in other.items()}, **{f"online_network.encoder.{k}": v for k, v in sd.items()}, "online_predictor.0.weight": torch.ones(3, 3)}`,
  "an average in one": `{**{f"ema.module.{k}": v for k, v in other.items()}, **{f"model.{k}": v for k, v in sd.items()}}`,
  "an average beside an unknown name": `{"model_ema": other, "cnn": sd}`,
  "torch_ema beside": `{"model": sd, "ema": {"decay": 0.99, "shadow_params": list(other.values())}}`,
  "metric learning": `{"trunk": sd, "embedder": {"0.weight": torch.ones(3, 3)}}`,
  detection: `{"model": {**{f"backbone.body.{k}": v for k, v in sd.items()}, "rpn.head.conv.weight": torch.ones(3)}}`,
  "objects beside": `{"state_dict": sd, "config": Config(), "optimizer": torch.optim.SGD([torch.ones(1)], 0.1), "loss": torch.nn.CrossEntropyLoss(),
    "when": datetime.date.today(), "dtype": torch.float32, "adjacency": torch.eye(3).to_sparse(), "counts": collections.Counter("a")}`,
  "a dictionary of one's own": `Config(state_dict=sd)`,
  halves: `{k: v.half() for k, v in sd.items()}`,
  bfloat16: `{k: v.bfloat16() for k, v in sd.items()}`,
  doubles: `{k: v.double() for k, v in sd.items()}`,
  "channels last": `{k: v.contiguous(memory_format=torch.channels_last) if v.dim() == 4 else v for k, v in sd.items()}`,
  "one storage": `flat(sd)`,
};
/** How some of them call torch.save. */
const saving: Readonly<Record<string, string>> = {
  "objects beside": "pickle_protocol=4",
  "fastai, with its optimizer": "_use_new_zipfile_serialization=False",
};
/** Files without readable weights, and the error for each. */
const refused: Readonly<Record<string, readonly [value: string, message: RegExp]>> = {
  "a whole model": [
    "torch.nn.Linear(2, 2)",
    /contains a whole object \(torch\.nn\.modules\.linear\.Linear\).*: torch\.save\(torch\.load\("\S+ whole model\.pth", map_location="cpu", weights_only=False\)\.state_dict\(\), "weights\.pth"\)$/,
  ],
  "a whole model in a dictionary": [
    `{"epoch": 3, "model": torch.nn.Linear(2, 2), "ema": None}`,
    /torch\.load\(.*\)\["model"\]\.state_dict\(\)/,
  ],
  quantized: ["{**sd, first: torch.quantize_per_tensor(sd[first], 0.1, 0, torch.qint8)}", /are quantized/],
  sparse: ["{**sd, first: sd[first].to_sparse()}", /the tensor features\.0\.weight is sparse; save tensor/],
  meta: [
    `{k: torch.empty(v.shape, device="meta") for k, v in sd.items()}`,
    /the tensor features\.0\.weight has no values \(a meta tensor\)/,
  ],
  integers: [
    "{**sd, first: torch.arange(1728).reshape(64, 3, 3, 3).char()}",
    /the tensor features\.0\.weight contains whole numbers only: it is quantized/,
  ],
  "without names": [
    `{"decay": 0.99, "shadow_params": list(sd.values())}`,
    /tensors without names, such as the shadow_params/,
  ],
  "numpy's arrays": [
    "{k: v.numpy() for k, v in sd.items()}",
    /contains NumPy arrays.*torch\.from_numpy\(v\) for k, v in torch\.load\("/,
  ],
  "ZeRO, stage 3": [
    `{"module": {k: torch.empty(0) for k in sd}, "ds_version": "0.8.0"}`,
    /one part of a DeepSpeed ZeRO checkpoint; .*: python zero_to_fp32\.py \. weights\.pth$/,
  ],
  "ZeRO's optimizer": [
    `{"optimizer_state_dict": {"single_partition_of_fp32_groups": [torch.ones(9)]}, "ds_version": "0.8.0"}`,
    /one part of a DeepSpeed ZeRO checkpoint/,
  ],
  "an optimizer alone": [
    `{"optimizer": {"state": {}}, "epoch": 3}`,
    /contains no tensors, only optimizer, epoch;/,
  ],
};

describe.runIf(hasPython("torch,numpy"))("a checkpoint", () => {
  beforeAll(() => {
    writeFileSync(join(dir, "names.json"), JSON.stringify(names));
    const values = [
      ...Object.entries(files),
      ...Object.entries(refused).map(([name, [value]]) => [name, value] as const),
    ];
    const saves = values.map(
      ([name, value]) =>
        `torch.save(${value}, ${JSON.stringify(join(dir, `${name}.pth`))}, ${saving[name] ?? ""})`,
    );
    const script = `
import argparse, collections, datetime, json, pathlib, pickle, types, sys
import numpy as np
import torch
class Config(dict):
    pass
def flat(sd):
    every, at = torch.cat([v.flatten() for v in sd.values()]), 0
    views = {}
    for k, v in sd.items():
        views[k], at = every[at:at + v.numel()].view(v.shape), at + v.numel()
    return views
names = json.load(open(${JSON.stringify(join(dir, "names.json"))}))
sd = {name: torch.full(shape, float(i)) for i, (name, shape) in enumerate(names)}
other = {name: torch.full(shape, -1.0) for name, shape in names}
first = next(iter(sd))
${saves.join("\n")}
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), ${JSON.stringify(join(dir, "script.pt"))})
learner = types.ModuleType("fastai.learner")
learner.Learner = type("Learner", (), {"__module__": "fastai.learner"})
sys.modules |= {"fastai": types.ModuleType("fastai"), "fastai.learner": learner}
torch.save(learner.Learner(), ${JSON.stringify(join(dir, "export.pkl"))})
pickle.dump(sd, open(${JSON.stringify(join(dir, "plain.pkl"))}, "wb"))
np.savez_compressed(${JSON.stringify(join(dir, "arrays.npz"))}, a=np.ones(3))
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
      /lightning\.pth: took the tensors under "model\.", skipped criterion\.weight, criterion\.pos$/,
    );
    expect(load("averaged.pth").notes[0]).toMatch(/under "module\.", skipped n_averaged$/);
    expect(load("an average beside.pth").notes[0]).toMatch(
      /took the tensors of "state_dict", skipped those of "state_dict_ema"$/,
    );
    expect(load("net.pth").notes.join()).not.toContain("skipped");
  });

  test("names the network that was taken of two", () => {
    expect(load("moco.pth").notes[0]).toMatch(/under "module\.encoder_q\.", skipped module\.encoder_k\./);
    expect(load("teacher and student.pth").notes[0]).toMatch(/of "student", skipped those of "teacher"$/);
    expect(load("an average beside an unknown name.pth").notes[0]).toMatch(
      /of "cnn", skipped those of "model_ema"$/,
    );
  });

  test.each(Object.entries(refused))("%s is refused, with what to do", (name, [, message]) => {
    expect(() => load(`${name}.pth`)).toThrow(FormatError);
    expect(() => load(`${name}.pth`)).toThrow(message);
  });

  test.each([
    ["export.pkl", /is a Learner of fastai.*load_learner\("\S+export\.pkl"\)\.model\.state_dict\(\)/],
    ["plain.pkl", /is a pickle, but torch\.save did not write it; .*pickle\.load\(open\("/],
    ["arrays.npz", /contains NumPy arrays; .*numpy\.load\("\S+arrays\.npz"\)\.items\(\)/],
  ])("%s is refused, with the way to convert it", (name, message) => {
    expect(() => load(name)).toThrow(message);
  });

  test("that is a TorchScript program is refused with the way to convert it", () => {
    expect(() => load("script.pt")).toThrow(
      /is a TorchScript program.*torch\.jit\.load\(".*script\.pt", "cpu"\)/,
    );
  });
});
