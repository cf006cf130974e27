/** Which tensors of a file a classifier takes, whoever wrapped or renamed them, and what is said of the others. */

import { describe, expect, test } from "vitest";
import { formulaTensor } from "../../test/reference/formula.ts";
import { smallArchitecture } from "../../test/support/small-classifier.ts";
import type { Origin } from "../models/backbone.ts";
import { type Architecture, describe as describeModel } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import { canonicalNames, libraryNames } from "./canonical-names.ts";
import { type Fitted, fitWeights } from "./fit.ts";
import { resizedPositions } from "./position-table.ts";

const small: Architecture = { ...smallArchitecture("happy", "sad"), head: "reference" };
const description = describeModel(small);

const zeros = (shape: readonly number[]) => floatTensor(shape, new Float32Array(sizeOf(shape)));
/** Every tensor of `small`, under names that `rename` makes. */
const tensors = (rename = (name: string): string => name): StateDict =>
  new Map(description.specs.map(({ name, shape }) => [rename(name), zeros(shape)]));
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
    const theirs = libraryNames(new Map(ours.map((name) => [name, zeros([])])), architecture);
    const layers = [...theirs.keys()].map((name) => name.slice(0, name.lastIndexOf(".")));
    expect([...new Set(layers.filter((name) => /^(fc|classifier|head)\b/.test(name)))]).toEqual(places);
    expect([...canonicalNames(theirs, architecture).keys()]).toEqual(ours);
  });
});

describe("what does not fit", () => {
  test("is named, with its shape and the one that is expected", () => {
    const found = tensors();
    found.delete("stem.bn.bias");
    found.set("stem.conv.weight", zeros([7, 1]));
    found.set("extra.weight", zeros([2]));
    found.set("stem.bn.num_batches_tracked", zeros([]));
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
    for (let i = 0; i < 7; i++) found.set(`extra.${i}`, zeros([]));
    expect(refusal(found)).toMatch(/ {4}extra\.4\n {4}and 2 more\n/);
  });
});

describe("a head", () => {
  const heads = [...tensors().keys()].filter((name) => name.startsWith("head."));
  const left = `left out of some.pth: its own classifier (`;
  const namesOf = ({ weights }: Fitted): string[] => [...weights.keys()];

  test("counts only as a whole, and whatever is left out is said", () => {
    const found = tensors();
    found.set("head.fc2.bias", zeros([7]));
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
    expect(notes).toEqual([`${left}${heads.join(", ")}), which tells apart sad, happy`]);
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
      ["class_token", zeros([1, 1, 2])],
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
      ["stem.0.weight", zeros([4, 3, 4, 4])],
      ["stages.0.blocks.0.gamma", floatTensor([4], [1, 2, 3, 4])],
    ]);
    const architecture = of({ library: "torchvision", name: "convnext_tiny" });
    const { weights, notes } = fitWeights(found, architecture, { specs, stages: [] }, "c.safetensors");
    expect(notes).toEqual(["c.safetensors has timm's names, which are translated to torchvision's"]);
    expect(weights.get("features.1.0.layer_scale")).toEqual(floatTensor([4, 1, 1], [1, 2, 3, 4]));
  });

  test("more than those of a smaller registered backbone are not its own", () => {
    const other = describeModel({ ...small, backbone: backboneNamed("resnet34") });
    const theirs = new Map(other.specs.map(({ name, shape }) => [name, zeros(shape)]));
    theirs.set("layer4.3.conv1.weight", zeros([1]));
    expect(refusal(theirs)).toMatch(/\ngive weights of vultus_s with its own names/);
  });

  test("of EfficientNet-Lite1 are not taken for those of Lite0, which are among them by name", () => {
    const [lite0, lite1] = ["efficientnet_lite0", "efficientnet_lite1"].map((name) => {
      const architecture: Architecture = { ...small, backbone: backboneNamed(name) };
      return { architecture, description: describeModel(architecture) };
    });
    const theirs = new Map(lite1?.description.specs.map(({ name, shape }) => [name, zeros(shape)]));
    const { architecture, description } = lite0 as NonNullable<typeof lite0>;
    expect(() => fitWeights(theirs, architecture, description, "lite1.pth")).toThrow(
      "its tensors are those of efficientnet_lite1: choose it with --model, or give weights of efficientnet_lite0",
    );
  });

  test("of another registered backbone are named as such", () => {
    const other = describeModel({ ...small, backbone: backboneNamed("vultus_m") });
    const theirs = new Map(other.specs.map(({ name, shape }) => [name, zeros(shape)]));
    expect(refusal(theirs)).toMatch(
      /its tensors are those of vultus_m: choose it with --model, or give weights of vultus_s$/,
    );
  });
});
