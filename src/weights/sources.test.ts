import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { backbones } from "../models/registry.ts";
import { UsageError } from "../util/errors.ts";
import { imagenetNames, isImagenetName, sources, weightSource } from "./sources.ts";

test("every source belongs to a backbone and to its preprocessing", () => {
  for (const { name, preprocessing, origin } of backbones) {
    if (!origin) continue;
    expect(sources[name], name).toBeDefined();
    for (const source of sources[name] ?? []) {
      const { mean, std } = source.preprocessing;
      // The first layer of a vision transformer takes up another normalisation exactly.
      if (!name.startsWith("vit_b")) expect(preprocessing, name).toMatchObject({ mean, std });
      if (source.names !== origin.library)
        expect(source.repo, `${name} is translated`).toContain(translated[origin.name]);
    }
  }
});

/** timm's models that compute as torchvision's do, by names.py. */
const names = new URL("../../test/reference/names.json", import.meta.url);
const translated = Object.fromEntries(
  Object.entries(JSON.parse(readFileSync(names, "utf8")) as Record<string, { from: string }>).map(
    ([name, { from }]) => [name, `timm/${from.replace("timm's ", "")}.`],
  ),
);

test("a repository with timm's names is that of a model that was shown to compute the same", () => {
  for (const [name, found] of Object.entries(sources))
    for (const source of found)
      if (source.names === "timm" && translated[name]?.startsWith("timm/") && !name.includes("lite"))
        expect(source.repo).toContain(translated[name]);
});

test("each licence and scoring is given", () => {
  const lite = sources.efficientnet_lite1?.[0];
  expect(lite).toMatchObject({
    ...{ repo: "timm/tf_efficientnet_lite1.in1k", licence: "Apache-2.0", title: "timm's in1k" },
    preprocessing: { resize: 272, crop: 240, interpolation: "bicubic" },
  });
  expect(lite?.preprocessing.mean[0]).toBe(127 / 255);
  for (const source of Object.values(sources).flat()) {
    const { resize, crop } = source.preprocessing;
    expect(crop).toBeLessThanOrEqual(resize);
    expect(["Apache-2.0", "BSD-3-Clause"]).toContain(source.licence);
  }
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
  [
    "squeezenet1_1",
    "imagenet",
    `python -c "import torch, torchvision; torch.save(torchvision.models.squeezenet1_1(weights='IMAGENET1K_V1').state_dict(), 'squeezenet1_1.pth')"`,
  ],
  ["squeezenet1_1", "imagenet-v2", "torchvision has no IMAGENET1K_V2 weights of squeezenet1_1"],
  ["resnet18", "imagenet-v2", "use --weights imagenet"],
  ["mobilenet_v2", "imagenet-v1", "torchvision.models.mobilenet_v2(weights='IMAGENET1K_V1')"],
  ["mobilenet_v2", "imagenet-v2", "torchvision.models.mobilenet_v2(weights='IMAGENET1K_V2')"],
  ["efficientnet_b1", "imagenet-v2", "torchvision.models.efficientnet_b1(weights='IMAGENET1K_V2')"],
  ["vit_tiny", "imagenet-v1", "torchvision has no IMAGENET1K_V1 weights of vit_tiny"],
  ["mobilenet_v1_vggface2", "imagenet", "there are no ImageNet weights of mobilenet_v1_vggface2"],
  ["vultus_s", "imagenet", "there are no ImageNet weights of vultus_s"],
] as const)("%s has no %s, and the error explains what to do", (name, choice, message) => {
  expect(() => weightSource({ name }, choice)).toThrow(message);
  expect(() => weightSource({ name }, choice)).toThrow(UsageError);
});

test("names are told from paths", () => {
  for (const name of imagenetNames) expect(isImagenetName(name)).toBe(true);
  for (const path of ["none", "imagenet.safetensors", "", "Imagenet"])
    expect(isImagenetName(path)).toBe(false);
});
