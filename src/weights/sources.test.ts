import { expect, test } from "vitest";
import { backboneNamed, backbones } from "../models/registry.ts";
import { UsageError } from "../util/errors.ts";
import { imagenetNames, isImagenetName, sources, weightSource } from "./sources.ts";

test("every source belongs to a registered backbone and to its preprocessing", () => {
  for (const [name, found] of Object.entries(sources)) {
    for (const { preprocessing } of found) {
      const { mean, std } = backboneNamed(name).preprocessing;
      expect(preprocessing).toMatchObject({ mean, std, crop: 224, interpolation: "bilinear" });
    }
  }
  const published = backbones.filter(({ origin }) => origin);
  expect(published.map(({ name }) => name)).toEqual(Object.keys(sources));
});

test("imagenet is V1, and V2 is there for the large ones", () => {
  const repo = (name: string, choice: (typeof imagenetNames)[number]): string =>
    weightSource({ name }, choice).repo;
  for (const name of ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]) {
    expect(repo(name, "imagenet")).toBe(`timm/${name}.tv_in1k`);
    expect(repo(name, "imagenet-v1")).toBe(`timm/${name}.tv_in1k`);
  }
  for (const name of ["resnet50", "resnet101", "resnet152"])
    expect(repo(name, "imagenet-v2")).toBe(`timm/${name}.tv2_in1k`);
  expect(weightSource({ name: "resnet50" }, "imagenet-v2").preprocessing.resize).toBe(232);
  expect(weightSource({ name: "resnet50" }, "imagenet")).toMatchObject({
    file: "model.safetensors",
    revision: "main",
    torchvision: "IMAGENET1K_V1",
    preprocessing: { resize: 256 },
  });
});

test.each([
  ["squeezenet1_1", "imagenet", "torchvision.models.squeezenet1_1(weights='IMAGENET1K_V1')"],
  ["squeezenet1_1", "imagenet-v2", "torchvision has no IMAGENET1K_V2 weights of squeezenet1_1"],
  ["resnet18", "imagenet-v2", "ask for --weights imagenet"],
  ["vultus_s", "imagenet", "there are no ImageNet weights of vultus_s"],
] as const)("%s has no %s, and the error says what to do", (name, choice, message) => {
  expect(() => weightSource({ name }, choice)).toThrow(message);
  expect(() => weightSource({ name }, choice)).toThrow(UsageError);
});

test("names are told from paths", () => {
  for (const name of imagenetNames) expect(isImagenetName(name)).toBe(true);
  for (const path of ["none", "imagenet.safetensors", "", "Imagenet"])
    expect(isImagenetName(path)).toBe(false);
});
