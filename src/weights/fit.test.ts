/** Which tensors of a file a classifier uses, despite wrappers and other names, and the notes about the others. */

import { describe, expect, test } from "vitest";
import { formulaTensor } from "../../test/reference/formula.ts";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import { withAttention } from "../models/attention.ts";
import type { Origin } from "../models/backbone.ts";
import { type Architecture, describe as describeModel } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import { attentionFor } from "./attention.ts";
import { canonicalNames, libraryNames } from "./canonical-names.ts";
import { type Fitted, fitWeights } from "./fit.ts";
import { resizedPositions } from "./position-table.ts";

const small: Architecture = { ...smallArchitecture("happy", "sad"), head: "reference" };
const description = describeModel(small);

const filled = (shape: readonly number[]) => floatTensor(shape, new Float32Array(sizeOf(shape)).fill(1));
/** Every tensor of `small`, under names that `rename` makes. */
const tensors = (rename = (name: string): string => name): StateDict =>
  new Map(description.specs.map(({ name, shape }) => [rename(name), filled(shape)]));
const fit = (found: StateDict, classes?: readonly string[]): Fitted =>
  fitWeights(found, small, description, "some.pth", classes);

function refusal(found: StateDict): string {
  try {
    fit(found);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return (error as FormatError).message;
  }
  throw new Error("the weights were taken");
}

describe("names", () => {
  test.each(["", "module.", "backbone.", "model.", "net.", "encoder.", "module.model.", "model.model."])(
    "behind the prefix %o",
    (prefix) => {
      const { weights, notes } = fit(tensors((name) => prefix + name));
      expect([...weights.keys()]).toEqual([...tensors().keys()]);
      expect(notes).toEqual(["the head of some.pth is kept"]);
    },
  );

  test("of an average or a teacher are taken only if no others have as many", () => {
    for (const word of ["teacher.", "ema.module.", "target_network.", "momentum_encoder.", "encoder_k."]) {
      const both = new Map([...tensors((name) => word + name), ...tensors((name) => `mine.${name}`)]);
      expect(fit(both).notes[0]).toMatch(/^some\.pth: took the tensors under "mine\.", skipped /);
      expect(fit(tensors((name) => word + name)).weights.size).toBe(description.specs.length);
    }
  });

  test("with what wrappers put into them", () => {
    for (const wrapper of ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_module"]) {
      const { weights, notes } = fit(tensors((name) => name.replace(".", `.${wrapper}.`)));
      expect([...weights.keys()]).toEqual([...tensors().keys()]);
      expect(notes).toEqual(["the head of some.pth is kept"]);
    }
  });

  test("that all begin alike keep their beginning if the backbone's own do", () => {
    const architecture: Architecture = { ...small, backbone: backboneNamed("squeezenet1_1") };
    const squeezenet = describeModel(architecture);
    const own = squeezenet.specs.filter(({ name }) => name.startsWith("features."));
    const found: StateDict = new Map(own.map(({ name, shape }) => [name, filled(shape)]));
    expect(fitWeights(found, architecture, squeezenet, "a.pth").weights.size).toBe(50);
  });

  test("a tensor without the prefix of the others is none of the network", () => {
    const found = tensors((name) => (name === "stem.conv.weight" ? name : `module.${name}`));
    expect(refusal(found)).toContain("missing:\n    stem.conv.weight");
  });

  // The places of the modules that librarySnippet puts there; SqueezeNet's begin with the pooling.
  test.each<[string, Architecture["head"], string[]]>([
    ["resnet18", "linear", ["fc"]],
    ["resnet18", "reference", ["fc.0", "fc.2", "fc.4", "fc.6"]],
    ["squeezenet1_1", "linear", ["classifier.2"]],
    ["squeezenet1_1", "reference", ["classifier.2", "classifier.4", "classifier.6", "classifier.8"]],
  ])("of torchvision's %s with a %s head, there and back", (model, head, places) => {
    const architecture: Architecture = { ...small, head, backbone: backboneNamed(model) };
    const ours = describeModel(architecture).specs.map(({ name }) => name);
    const theirs = libraryNames(new Map(ours.map((name) => [name, filled([])])), architecture);
    const layers = [...theirs.keys()].map((name) => name.slice(0, name.lastIndexOf(".")));
    expect([...new Set(layers.filter((name) => /^(fc|classifier|head)\b/.test(name)))]).toEqual(places);
    expect([...canonicalNames(theirs, architecture).keys()]).toEqual(ours);
  });
});

describe("what does not fit", () => {
  test("is named, with its shape and the one that is expected", () => {
    const found = tensors();
    found.delete("stem.bn.bias");
    found.set("stem.conv.weight", filled([7, 1]));
    found.set("extra.weight", filled([2]));
    found.set("stem.bn.num_batches_tracked", filled([]));
    expect(refusal(found)).toBe(
      [
        "some.pth does not fit vultus_s:",
        "  missing:\n    stem.bn.bias [32]",
        "  misshapen:\n    stem.conv.weight has shape [7, 1], vultus_s expects [32, 1, 3, 3]",
        "  unexpected:\n    extra.weight",
        "give weights of vultus_s with its own names, or choose the backbone that they belong to with --model",
      ].join("\n"),
    );
  });

  test("five are named, the others counted", () => {
    const found = tensors();
    for (let i = 0; i < 7; i++) found.set(`extra.${i}`, filled([]));
    expect(refusal(found)).toMatch(/ {4}extra\.4\n {4}and 2 more\n/);
  });
});

describe("a network that was changed", () => {
  /** A ResNet18 with other tensors in place of some, without those that are undefined. */
  const changed = (changes: Readonly<Record<string, readonly number[] | undefined>>, file = "some.pth") => {
    const architecture: Architecture = { ...small, backbone: backboneNamed("resnet18") };
    const resnet = describeModel(architecture);
    const found: StateDict = new Map(resnet.specs.map(({ name, shape }) => [name, filled(shape)]));
    for (const [name, shape] of Object.entries(changes)) {
      if (shape) found.set(name, filled(shape));
      else found.delete(name);
    }
    return () => fitWeights(found, architecture, resnet, file);
  };
  const conv1 = { "conv1.weight": undefined };

  test.each<[string, Readonly<Record<string, readonly number[] | undefined>>, RegExp]>([
    [
      "grey images",
      { "conv1.weight": [64, 1, 7, 7] },
      /\nits first layer is for greyscale images.*: state_dict\["conv1\.weight"\] = state_dict\["conv1\.weight"\]\.repeat\(1, 3, 1, 1\) \/ 3$/,
    ],
    ["six channels", { "conv1.weight": [64, 6, 7, 7] }, /its first layer was changed.*3 channels/],
    ["small images", { "conv1.weight": [64, 3, 3, 3] }, /its first layer was changed.*kernels of 7 × 7$/],
    [
      "pruning",
      { ...conv1, "conv1.weight_orig": [64, 3, 7, 7], "conv1.weight_mask": [64, 3, 7, 7] },
      /it was pruned: .*torch\.nn\.utils\.prune\.remove/,
    ],
    [
      "weight norm",
      { ...conv1, "conv1.weight_g": [64, 1, 1, 1], "conv1.weight_v": [64, 3, 7, 7] },
      /its weights are parametrized: .*remove_weight_norm/,
    ],
    [
      "adapters",
      { "base_model.model.conv1.lora_A.weight": [8, 3] },
      /it contains LoRA adapters: .*merge_and_unload\(\)/,
    ],
    [
      "one process's part",
      { ...conv1, "layer1._flat_param": [9] },
      /save it with StateDictType\.FULL_STATE_DICT/,
    ],
    [
      "a quantizer",
      { "conv1.weight_scale": [64] },
      /it is quantized: give the weights from before quantization/,
    ],
  ])("for %s is refused, with what to do", (_, changes, message) => {
    expect(changed(changes)).toThrow(FormatError);
    expect(changed(changes)).toThrow(message);
  });

  test("by an exporter, which folds batch norm, is refused with what to give instead", () => {
    expect(changed(conv1, "a.onnx")).toThrow(/\nexporters fold and rename weights: give the \.pth/);
    expect(changed(conv1)).toThrow(/\ngive weights of resnet18/);
  });
});

describe("a head", () => {
  const heads = [...tensors().keys()].filter((name) => name.startsWith("head."));
  const left = `left out of some.pth: its own classifier (`;
  const namesOf = ({ weights }: Fitted): string[] => [...weights.keys()];

  test("counts only as a whole, and whatever is left out is said", () => {
    const found = tensors();
    found.set("head.fc2.bias", filled([7]));
    const misshapen = fit(found);
    expect(namesOf(misshapen).filter((name) => name.startsWith("head."))).toEqual([]);
    expect(namesOf(misshapen)).toHaveLength(found.size - heads.length);
    expect(misshapen.notes).toEqual([`${left}${heads.join(", ")})`]);
    found.delete("head.fc2.bias");
    const lacking = fit(found);
    expect(namesOf(lacking)).toEqual(namesOf(misshapen));
    expect(lacking.notes).toEqual([`${left}${heads.slice(0, -1).join(", ")})`]);
  });

  test("for other classes, or the same in another order, is left out", () => {
    const { weights, notes } = fit(tensors(), ["sad", "happy"]);
    expect(heads.filter((name) => weights.has(name))).toEqual([]);
    expect(notes).toEqual([`${left}${heads.join(", ")}), which distinguishes sad, happy`]);
    expect(fit(tensors(), small.classes).weights.size).toBe(description.specs.length);
  });

  test("may be missing", () => {
    const found = tensors();
    for (const name of heads) found.delete(name);
    expect(fit(found)).toEqual({ weights: found, notes: [] });
  });
});

describe("another library's tensors", () => {
  const spec = (name: string, ...shape: number[]): ParameterSpec => ({
    ...{ name, shape, role: "parameter" },
    initialise: () => new Float32Array(sizeOf(shape)),
  });
  const head = spec("head.fc.bias", 2);
  const of = (origin: Pick<Origin, "library" | "name">): Architecture => ({
    ...small,
    backbone: { ...small.backbone, origin: { ...origin, classifier: "heads", poolsInside: false } },
  });

  test("a position table for other patches is interpolated, which a note says", () => {
    const specs = [spec("encoder.pos_embedding", 1, 1 + 9, 2), spec("class_token", 1, 1, 2), head];
    const table = formulaTensor("positions", [1, 1 + 4, 2], "uniform");
    const found: StateDict = new Map([
      ["class_token", filled([1, 1, 2])],
      ["encoder.pos_embedding", table],
    ]);
    for (const library of ["torchvision", "timm"] as const) {
      const { weights, notes } = fitWeights(
        found,
        of({ library, name: "vit" }),
        { specs, stages: [] },
        "v.pth",
      );
      expect(notes).toEqual(["v.pth: its positions of 2 × 2 patches are interpolated to 3 × 3"]);
      expect(weights.get("encoder.pos_embedding")).toEqual(resizedPositions(table, 3, library));
    }
    const wider = [spec("encoder.pos_embedding", 1, 1 + 9, 3), spec("class_token", 1, 1, 2)];
    expect(() =>
      fitWeights(found, of({ library: "timm", name: "vit" }), { specs: wider, stages: [] }, "v.pth"),
    ).toThrow("encoder.pos_embedding has shape [1, 5, 2], vultus_s expects [1, 10, 3]");
  });

  test("timm's names are translated, which a note says, and a layer's scale gets torchvision's shape", () => {
    const specs = [spec("features.0.0.weight", 4, 3, 4, 4), spec("features.1.0.layer_scale", 4, 1, 1), head];
    const found: StateDict = new Map([
      ["stem.0.weight", filled([4, 3, 4, 4])],
      ["stages.0.blocks.0.gamma", floatTensor([4], [1, 2, 3, 4])],
    ]);
    const architecture = of({ library: "torchvision", name: "convnext_tiny" });
    const { weights, notes } = fitWeights(found, architecture, { specs, stages: [] }, "c.safetensors");
    expect(notes).toEqual(["c.safetensors has timm's names, which are translated to torchvision's"]);
    expect(weights.get("features.1.0.layer_scale")).toEqual(floatTensor([4, 1, 1], [1, 2, 3, 4]));
  });

  test("numbered by nn.Sequential, behind a prefix and beside a classifier, are taken", () => {
    const architecture: Architecture = { ...small, backbone: backboneNamed("resnet18") };
    const resnet = describeModel(architecture);
    const numbers = { conv1: 0, bn1: 1, layer1: 4, layer2: 5, layer3: 6, layer4: 7 };
    const found: StateDict = new Map([["classifier.weight", filled([2, 512])]]);
    for (const [i, { name, shape }] of resnet.specs.entries()) {
      if (name.startsWith("head.")) continue;
      const theirs = name.replace(/^\w+/, (layer) => `${numbers[layer as keyof typeof numbers]}`);
      found.set(`features.${theirs}`, floatTensor(shape, new Float32Array(sizeOf(shape)).fill(i + 1)));
    }
    const { weights, notes } = fitWeights(found, architecture, resnet, "r.pth");
    expect(notes).toEqual([
      'r.pth: took the tensors under "features.", skipped classifier.weight',
      "r.pth has nn.Sequential's names, which are translated to torchvision's",
    ]);
    for (const [i, { name }] of resnet.specs.entries())
      if (!name.startsWith("head.")) expect(weights.get(name)?.data[0], name).toBe(i + 1);
  });

  test("more than those of a smaller registered backbone are not its own", () => {
    const other = describeModel({ ...small, backbone: backboneNamed("resnet34") });
    const theirs = new Map(other.specs.map(({ name, shape }) => [name, filled(shape)]));
    theirs.set("layer4.3.conv1.weight", filled([1]));
    expect(refusal(theirs)).toMatch(/\ngive weights of vultus_s with its own names/);
  });

  test("of EfficientNet-Lite1 are not taken for those of Lite0, which are among them by name", () => {
    const [lite0, lite1] = ["efficientnet_lite0", "efficientnet_lite1"].map((name) => {
      const architecture: Architecture = { ...small, backbone: backboneNamed(name) };
      return { architecture, description: describeModel(architecture) };
    });
    const theirs = new Map(lite1?.description.specs.map(({ name, shape }) => [name, filled(shape)]));
    const { architecture, description } = lite0 as NonNullable<typeof lite0>;
    expect(() => fitWeights(theirs, architecture, description, "lite1.pth")).toThrow(
      "its tensors are those of efficientnet_lite1: choose it with --model, or give weights of efficientnet_lite0",
    );
  });

  test("of another registered backbone are named as such", () => {
    const other = describeModel({ ...small, backbone: backboneNamed("vultus_m") });
    const theirs = new Map(other.specs.map(({ name, shape }) => [name, filled(shape)]));
    expect(refusal(theirs)).toMatch(
      /its tensors are those of vultus_m: choose it with --model, or give weights of vultus_s$/,
    );
  });

  test("are named for any size of images, and with attention", () => {
    const named = (backbone: string, inputSize: number, attention: "cbam" | "none"): StateDict => {
      const network = withAttention(backboneNamed(backbone), attention);
      const other = describeModel({ ...small, backbone: network, inputSize });
      return new Map(other.specs.map(({ name, shape }) => [name, filled(shape)]));
    };
    expect(refusal(named("vit_tiny", 96, "none"))).toMatch(/\nits tensors are those of vit_tiny: choose it/);
    expect(refusal(named("vultus_m", 64, "cbam"))).toMatch(/\nits tensors are those of vultus_m: choose it/);
  });

  test("with attention are refused for a network that has other attention, with both choices", () => {
    const attentive = (model: string): StateDict => {
      const backbone = withAttention(backboneNamed(model), "se");
      return new Map(
        describeModel({ ...small, backbone }).specs.map(({ name, shape }) => [name, filled(shape)]),
      );
    };
    const taken = (found: StateDict) => () => attentionFor(found, small, description, "runs/a");
    expect(taken(attentive("vultus_m"))).toThrow(
      /^runs\/a was trained as vultus_m with the attention "se" and needs exactly that: keep it with .*vultus_m.* and .*se.*, or start vultus_s from other weights$/,
    );
    expect(taken(attentive("vultus_s"))).toThrow(
      /^runs\/a was trained with the attention "se" and needs exactly that: keep it with [^ ]*attention[^ ]* [^ ]*se[^ ]*, or start vultus_s from other weights$/,
    );
  });
});
