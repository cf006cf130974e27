/** Weights of a variant of a backbone: how their file states it, and how they are converted. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { encodeSafetensors } from "../../test/support/safetensors.ts";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import { newRecipe, resumedRecipe } from "../jobs/recipe.ts";
import type { Backbone } from "../models/backbone.ts";
import { type Architecture, describe } from "../models/classifier.ts";
import { UsageError } from "../util/errors.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { classifierMetadata } from "./classifier-file.ts";
import { loadWeights } from "./load.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-variants-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A stem alone stands for the network, under both of its names. */
const standIn = (name: string): Backbone => ({
  ...{ name, stages: ["conv_stem"], unfreeze: [["conv_stem"]], features: 2, smallest: 8 },
  preprocessing: { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5], size: 16 },
  build: (net, x) =>
    net.stage("conv_stem", x, (x) => net.conv(x, "conv_stem", { out: 2, kernel: 2, stride: 2 })),
});
const [plain, ofFaces] = [standIn("mobilenet_v1"), standIn("mobilenet_v1_vggface2")];
const architecture = (backbone: Backbone): Architecture => ({ ...smallArchitecture("a", "b"), backbone });

const kernel = floatTensor(
  [2, 3, 2, 2],
  Float32Array.from({ length: 24 }, (_, i) => i),
);
const tensors: StateDict = new Map([
  ["conv_stem.weight", kernel],
  ["conv_stem.bias", floatTensor([2], [7, 8])],
]);
const preprocessing = "BGR 0..255 minus 103.939 116.779 123.68; TensorFlow SAME padding; ReLU6";

function file(name: string, metadata: Record<string, string>): string {
  const path = join(folder, name);
  writeFileSync(path, encodeSafetensors(tensors, metadata));
  return path;
}
const load = (path: string, backbone: Backbone) =>
  loadWeights(path, architecture(backbone), describe(architecture(backbone)));

test("a file of the variant has its first layer changed for RGB, a 64th as large, which a note says", () => {
  const path = file("faces.safetensors", { preprocessing });
  const { weights, notes } = load(path, ofFaces);
  expect([...(weights.get("conv_stem.weight")?.data ?? [])]).toEqual(
    [
      [8, 4, 0],
      [20, 16, 12],
    ]
      .flat()
      .flatMap((first) => [first, first + 1, first + 2, first + 3])
      .map((weight) => 64 * weight),
  );
  expect([...(weights.get("conv_stem.bias")?.data ?? [])]).toEqual([7, 8]);
  expect(notes[0]).toMatch(
    /faces\.safetensors contains weights of MobileNet trained on VGGFace2, .*TensorFlow's padding.*\(backbone mobilenet_v1_vggface2\); the file expects BGR/,
  );
});

test.each([plain.name, ofFaces.name])("with the model %s the recipe's model is the variant", (model) => {
  const path = file("faces.safetensors", { preprocessing });
  const backbones = [plain, ofFaces];
  const recipe = newRecipe({ recipe: "scratch", model, weights: path, backbones, inputSize: 16 });
  expect(recipe.model).toBe("mobilenet_v1_vggface2");
});

test("a run of the variant is resumed with the options that began it", () => {
  const path = file("faces.safetensors", { preprocessing });
  const options = {
    recipe: "scratch",
    model: plain.name,
    weights: path,
    backbones: [plain, ofFaces],
    inputSize: 16,
  };
  const recipe = newRecipe(options);
  writeFileSync(join(folder, "recipe.json"), JSON.stringify(recipe));
  expect(resumedRecipe(folder, options)).toEqual(recipe);
});

test("other weights leave the model as it was asked for", () => {
  const path = file("plain.safetensors", { format: "pt" });
  const options = { recipe: "scratch", backbones: [plain, ofFaces], inputSize: 16 };
  for (const { name } of [plain, ofFaces])
    expect(newRecipe({ ...options, model: name, weights: path }).model).toBe(name);
  expect(newRecipe({ ...options, model: plain.name }).model).toBe(plain.name);
});

test("the variant's weights are refused by the backbone that has the same tensors, and the other way round", () => {
  const refused = (path: string, backbone: Backbone, message: string): void => {
    expect(() => load(path, backbone)).toThrow(UsageError);
    expect(() => load(path, backbone)).toThrow(message);
  };
  refused(
    file("faces.safetensors", { preprocessing }),
    plain,
    'contains weights of mobilenet_v1_vggface2, which has the same tensors as mobilenet_v1 but computes differently: use `model: "mobilenet_v1_vggface2"`',
  );
  for (const [one, other] of [
    [plain, ofFaces],
    [ofFaces, plain],
  ] as const)
    refused(
      file("trained.safetensors", classifierMetadata(architecture(one))),
      other,
      `contains weights of ${one.name}, which has the same tensors as ${other.name} but computes differently`,
    );
});

test("a file that vultus wrote of the variant is not turned round again", () => {
  const path = file("trained.safetensors", classifierMetadata(architecture(ofFaces)));
  expect(load(path, ofFaces).weights.get("conv_stem.weight")).toEqual(kernel);
});

test("a file without metadata is taken as it is, and a note names the variant", () => {
  const path = file("plain.safetensors", { format: "pt" });
  expect(load(path, plain).notes).toEqual([]);
  const { weights, notes } = load(path, ofFaces);
  expect(weights.get("conv_stem.weight")).toEqual(kernel);
  expect(notes[0]).toMatch(/does not state that it contains weights of mobilenet_v1_vggface2/);
});

test("images that no backbone takes are refused", () => {
  const path = file("strange.safetensors", { preprocessing: "BGR 0..1" });
  expect(() => load(path, plain)).toThrow('expects images that no backbone accepts: "BGR 0..1"');
});
