/** The Python that loads a file into the library's model, and the names of a head there. */

import { expect, test } from "vitest";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import type { Origin } from "../models/backbone.ts";
import type { Architecture } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { floatTensor } from "../util/tensor.ts";
import { canonicalNames, libraryNames, librarySnippet } from "./canonical-names.ts";

const from = (origin: Origin, inputSize = 64): Architecture => ({
  ...smallArchitecture("a", "b"),
  backbone: { ...backboneNamed("vultus_s"), origin },
  inputSize,
});

test("torchvision's classifier inside a Sequential is replaced at its position", () => {
  const { preprocessing } = backboneNamed("vultus_s");
  expect(preprocessing.size).toBe(64);
  const architecture = from({
    library: "torchvision",
    name: "mobilenet_v3_small",
    classifier: "classifier.3",
    poolsInside: false,
  });
  expect(librarySnippet(architecture, "model.safetensors")?.split("\n")).toEqual([
    "import safetensors.torch, torchvision",
    "from torch import nn",
    "model = torchvision.models.mobilenet_v3_small()",
    "model.classifier[3] = nn.Linear(152, 2)",
    'model.load_state_dict(safetensors.torch.load_file("model.safetensors"), strict=True)',
    "model.eval()",
  ]);
  const tensor = floatTensor([2], new Float32Array(2));
  const theirs = libraryNames(new Map([["head.fc.bias", tensor]]), architecture);
  expect([...theirs.keys()]).toEqual(["classifier.3.bias"]);
  expect([...canonicalNames(theirs, architecture).keys()]).toEqual(["head.fc.bias"]);
});

test("timm's model is made without a classifier, with its arguments and another input size", () => {
  const origin: Origin = {
    library: "timm",
    name: "vit_tiny_patch16_224",
    arguments: 'pad_type="same"',
    sizeArgument: "img_size",
    classifier: "head",
    poolsInside: false,
  };
  const lines = (inputSize: number): string[] | undefined =>
    librarySnippet(from(origin, inputSize), "model.pth")?.split("\n");
  expect(lines(96)?.slice(0, 4)).toEqual([
    "import torch, timm",
    "from torch import nn",
    'model = timm.create_model("vit_tiny_patch16_224", num_classes=0, pad_type="same", img_size=96)',
    "model.head = nn.Linear(152, 2)",
  ]);
  expect(lines(64)?.[2]).toBe(
    'model = timm.create_model("vit_tiny_patch16_224", num_classes=0, pad_type="same")',
  );
});
