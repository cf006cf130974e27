/** Other libraries' names against those that names.py paired and computed with. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { hasPython, python } from "../../test/support/python.ts";
import type { Origin } from "../models/backbone.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { foreignNaming, foreignPrefixes } from "./namings.ts";

interface Reference {
  readonly from: string;
  /** By layer; of vit_b_16 by tensor. */
  readonly names: Readonly<Record<string, string>>;
}

const file = new URL("../../test/reference/names.json", import.meta.url);
const references = JSON.parse(readFileSync(file, "utf8")) as Record<string, Reference>;

function originOf(name: string): Origin {
  const lite = name.startsWith("efficientnet_lite");
  return {
    library: lite ? "timm" : "torchvision",
    name: lite ? `tf_${name}` : name,
    classifier: "classifier",
    poolsInside: false,
  };
}

/** A tensor under each name; layers have weights, and some names are tensors themselves. */
const found = (names: Iterable<string>, suffix: string): StateDict =>
  new Map([...names].map((name) => [name + suffix, floatTensor([1], [0])]));

test.each(Object.entries(references))("%s has the names of its own library", (name, { names }) => {
  const suffix = name === "vit_b_16" ? "" : ".weight";
  const theirs = found(Object.keys(names), suffix);
  const naming = foreignNaming(theirs, originOf(name));
  expect([...(naming?.translate(theirs).keys() ?? [])]).toEqual(
    Object.values(names).map((ours) => ours + suffix),
  );
});

test("a file with the library's own names is left alone", () => {
  for (const [name, { names }] of Object.entries(references))
    expect(foreignNaming(found(Object.values(names), ".weight"), originOf(name)), name).toBeUndefined();
});

test("the same names of a model that computes otherwise are not translated", () => {
  const theirs = found(Object.keys(references.efficientnet_b0?.names ?? {}), ".weight");
  expect(foreignNaming(theirs, originOf("efficientnet_b5"))).toBeUndefined();
  expect(foreignNaming(theirs, undefined)).toBeUndefined();
});

test("the scale of MobileNetV3's norms makes up for their epsilon, which differs", () => {
  const one = (value: number) => floatTensor([1], [value]);
  const theirs: StateDict = new Map([
    ["conv_stem.weight", one(1)],
    ["bn1.weight", one(2)],
    ["bn1.bias", one(3)],
    ["bn1.running_mean", one(0)],
    ["bn1.running_var", one(0.01)],
  ]);
  const ours = foreignNaming(theirs, originOf("mobilenet_v3_small"))?.translate(theirs);
  const scale = ours?.get("features.0.1.weight")?.data[0] as number;
  expect(scale / Math.sqrt(0.01 + 1e-3)).toBeCloseTo(2 / Math.sqrt(0.01 + 1e-5), 5);
  expect(ours?.get("features.0.1.running_var")?.data[0]).toBeCloseTo(0.01, 8);
});

test("the names that torchvision's downloaded ViT has are those of its older version", () => {
  const theirs = found(
    ["encoder.layers.encoder_layer_0.mlp.linear_1", "encoder.layers.encoder_layer_0.mlp.linear_2"],
    ".weight",
  );
  expect([...(foreignNaming(theirs, originOf("vit_b_16"))?.translate(theirs).keys() ?? [])]).toEqual([
    "encoder.layers.encoder_layer_0.mlp.0.weight",
    "encoder.layers.encoder_layer_0.mlp.3.weight",
  ]);
});

test.runIf(hasPython("torch,torchvision"))(
  "the numbers of nn.Sequential are those of a ResNet's layers",
  () => {
    const script = `
import json, torch, torchvision
resnet = torchvision.models.resnet18()
numbered = torch.nn.Sequential(*resnet.children())
print(json.dumps([list(numbered.state_dict()), list(resnet.state_dict())]))`;
    const [numbered, named] = JSON.parse(
      execFileSync(python, ["-c", script], { encoding: "utf8" }),
    ) as string[][];
    for (const name of ["resnet18", "resnext50_32x4d"]) {
      const theirs = found(numbered ?? [], "");
      expect([...(foreignNaming(theirs, originOf(name))?.translate(theirs).keys() ?? [])]).toEqual(named);
    }
    expect(
      foreignPrefixes(["cnn.0.weight", "cnn.4.0.conv1.weight", "fc.weight"], originOf("resnet18")),
    ).toEqual(["cnn."]);
    expect(foreignNaming(found(named ?? [], ""), originOf("resnet18"))).toBeUndefined();
  },
);
