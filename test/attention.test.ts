/** SE, ECA and CBAM in residual branches: PyTorch's numbers, the identity at the start, and equal results in all lowerings. */

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { gradients } from "../src/autodiff/gradients.ts";
import { evaluate } from "../src/graph/evaluate.ts";
import { Graph } from "../src/graph/graph.ts";
import type { Tensor64, Value } from "../src/graph/types.ts";
import { hasResidualBlocks, withAttention } from "../src/models/attention.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed, backbones } from "../src/models/registry.ts";
import { attended, attentionKinds } from "../src/nn/attention.ts";
import { asLayout, asPictures, type Layout, pictures } from "../src/nn/features.ts";
import { Network } from "../src/nn/network.ts";
import type { ParameterSpec } from "../src/nn/parameters.ts";
import { mul } from "../src/ops/mul.ts";
import { reduceSum } from "../src/ops/reduce-sum.ts";
import { UsageError } from "../src/util/errors.ts";
import { random } from "../src/util/random.ts";
import { type FloatTensor, floatTensor, permute, type StateDict, sizeOf } from "../src/util/tensor.ts";
import { formulaTensor, kindOf } from "./reference/formula.ts";
import { logitsIn, lowerings } from "./support/lowerings.ts";

interface Block {
  readonly shape: [number, number, number, number];
  readonly tensors: Record<string, number[]>;
  readonly output: number[];
  readonly gradients: Record<string, number[]>;
  readonly start: Record<string, number[]>;
}

const reference = JSON.parse(
  readFileSync(new URL("reference/attention-blocks.json", import.meta.url), "utf8"),
) as Record<(typeof attentionKinds)[number], Block>;

/** The layers that make the gates: they start at zero. */
const last = { se: /^fc2/, eca: /^conv/, cbam: /^(fc2|conv)/ };

/**
 * Runs one block on maps in `layout`, in double precision; returns its output and, if it trains, the gradients of PyTorch's
 * probe.
 */
function run(kind: (typeof attentionKinds)[number], layout: Layout, trains: boolean, start = false) {
  const { shape, tensors } = reference[kind];
  const weights: StateDict = new Map(
    Object.entries(tensors).map(([key, extents]) => {
      const made = formulaTensor(`${kind}.${key}`, extents, extents.length > 1 ? "weight" : "bias");
      const zero = start && last[kind].test(key);
      return [`a.${key}`, zero ? floatTensor(extents, new Float32Array(sizeOf(extents))) : made];
    }),
  );
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => trains, training: trains });
  const x = graph.input("x", "float32", shape);
  const output = net.stage("a", pictures(x), (maps) => {
    return asPictures(attended(net, asLayout(layout, maps), "a", kind));
  }).value;
  const feeds = new Map<string, Tensor64>([
    ["x", of(formulaTensor(`${kind}.x`, shape, "uniform"))],
    ["probe", of(formulaTensor(`${kind}.probe`, shape, "uniform"))],
  ]);
  const state = [...net.parameters.state.values()];
  for (const { name, form, value } of state) {
    const { shape: extents, data } = weights.get(name) as FloatTensor;
    const numbers = form ? permute(data, extents, form.permutation) : data;
    feeds.set(name, of({ shape: value.shape as number[], data: numbers }));
  }
  const found: Record<string, ArrayLike<number>> = {};
  const outputs: Value[] = [output];
  if (trains) {
    const loss = reduceSum(mul(output, graph.input("probe", "float32", shape)));
    outputs.push(...gradients(loss, [x, ...state.map(({ value }) => value)]));
  }
  const [result, ...slopes] = evaluate(outputs, feeds);
  const names = ["x", ...state.map(({ name }) => name.slice(2))];
  for (const [i, slope] of slopes.entries()) {
    const name = names[i] as string;
    const form = state[i - 1]?.form;
    const { shape: extents } = weights.get(`a.${name}`) ?? { shape };
    found[name] = form ? restored(slope.data, extents, form.permutation) : slope.data;
  }
  return { input: feeds.get("x") as Tensor64, output: result as Tensor64, gradients: found };
}

function of({ shape, data }: { shape: readonly number[]; data: Float32Array }): Tensor64 {
  return { dtype: "float32", shape: [...shape], data: Float64Array.from(data) };
}

/** Returns numbers from a permuted layout in the layout of `shape`. */
function restored(numbers: ArrayLike<number>, shape: readonly number[], permutation: readonly number[]) {
  const positions = permute(
    Float32Array.from({ length: sizeOf(shape) }, (_, i) => i),
    shape,
    permutation,
  );
  const back = new Float64Array(numbers.length);
  for (const [i, position] of positions.entries()) back[position] = numbers[i] as number;
  return back;
}

function expectClose(found: ArrayLike<number>, expected: readonly number[], what: string): void {
  expect(found.length, what).toBe(expected.length);
  for (const [i, value] of expected.entries())
    expect(Math.abs((found[i] as number) - value), `${what}[${i}]`).toBeLessThan(
      // The file has nine digits.
      1e-8 * Math.max(1, Math.abs(value)),
    );
}

describe.each(attentionKinds)("%s beside PyTorch in double precision", (kind) => {
  const { output, gradients: slopes, start } = reference[kind];

  test.each(["rows", "columns"] as const)("trains as %s", (layout) => {
    const found = run(kind, layout, true);
    expectClose(found.output.data, output, "output");
    expect(Object.keys(found.gradients).sort()).toEqual(Object.keys(slopes).sort());
    for (const [name, slope] of Object.entries(slopes))
      expectClose(found.gradients[name] as ArrayLike<number>, slope, name);
  });

  test("begins as the identity, and the layers that make the gates have a gradient then", () => {
    const found = run(kind, "rows", true, true);
    expect(found.output.data).toEqual(found.input.data);
    for (const [name, slope] of Object.entries(start))
      expectClose(found.gradients[name] as ArrayLike<number>, slope, name);
  });

  test.each(["nchw", "rows"] as const)("is the same with constant weights over %s", (layout) => {
    expectClose(run(kind, layout, false).output.data, output, "output");
  });
});

const SIZE = 32;

function classifier(name: string, kind: (typeof attentionKinds)[number] | "none"): Architecture {
  const backbone = withAttention(backboneNamed(name), kind);
  return { backbone, head: "linear", classes: ["a", "b", "c"], dropout: 0, inputSize: SIZE, resize: 1 };
}

function picturesFor(name: string) {
  const rng = random("pictures");
  const shape = [2, backboneNamed(name).preprocessing.mean.length, SIZE, SIZE];
  return floatTensor(shape, Float32Array.from({ length: sizeOf(shape) }, rng.normal));
}

/** The weights of PyTorch's references, which keep activations at a similar scale through all layers. */
function weightsOf(name: string, specs: readonly ParameterSpec[]): StateDict {
  return new Map(
    specs.map(({ name: key, shape }) => [key, formulaTensor(key, shape, kindOf(key, shape, name))]),
  );
}

function expectLogits(found: Float32Array, expected: Float32Array, tolerance: number, what: string): void {
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries())
    expect(Math.abs((found[i] as number) - value) / largest, what).toBeLessThan(tolerance);
}

/** One per lowering of blocks, and for both block types of ResNets. */
const families = ["vultus_s", "resnet50", "mobilenet_v2", "mobilenet_v3_small", "convnext_tiny"];

describe.each(families)("%s", (name) => {
  const plain = classifier(name, "none");
  const pictures = picturesFor(name);
  const weights = weightsOf(name, describeModel(plain).specs);
  const before = new Map<string, Float32Array>();
  beforeAll(async () => {
    for (const lowering of lowerings)
      before.set(lowering, await logitsIn(lowering, plain, weights, pictures));
  }, 60_000);

  test.each(attentionKinds)(
    "with new blocks of %s computes what it computed, in all lowerings",
    async (kind) => {
      const attentive = classifier(name, kind);
      const complete = withNewWeights(describeModel(attentive).specs, weights, 0);
      expect(complete.size).toBeGreaterThan(weights.size);
      for (const lowering of lowerings) {
        const found = await logitsIn(lowering, attentive, complete, pictures);
        expectLogits(found, before.get(lowering) as Float32Array, 1e-6, lowering);
      }
    },
    60_000,
  );

  test.each(attentionKinds)(
    "with trained blocks of %s computes the same in all lowerings, and something else",
    async (kind) => {
      const attentive = classifier(name, kind);
      const trained = weightsOf(name, describeModel(attentive).specs);
      const folded = await logitsIn("folded", attentive, trained, pictures);
      for (const lowering of ["rows", "named"] as const)
        expectLogits(await logitsIn(lowering, attentive, trained, pictures), folded, 1e-5, lowering);
      expect(() => expectLogits(folded, before.get("folded") as Float32Array, 5e-5, "")).toThrow();
    },
    60_000,
  );
});

test("every block that trains has its tensors in its own stage, and they are counted", () => {
  const [plain, attentive] = (["none", "cbam"] as const).map((kind) =>
    describeModel(classifier("resnet50", kind)),
  );
  const stages = attentive?.stages.filter((stage, i) => {
    const before = plain?.stages[i];
    return before && stage.parameters > before.parameters && stage.macs > before.macs;
  });
  expect(stages?.map((stage) => stage.name)).toEqual(["layer1", "layer2", "layer3", "layer4"]);
  const shapes = new Map(attentive?.specs.map(({ name, shape }) => [name, shape]));
  expect(shapes.get("layer4.0.attention.fc1.weight")).toEqual([128, 2048]);
  expect(shapes.get("layer4.0.attention.fc2.bias")).toEqual([2048]);
  expect(shapes.get("layer4.2.attention.conv.weight")).toEqual([1, 2, 7, 7]);
});

test("backbones without residual blocks of maps are refused, with those that have some", () => {
  const without = backbones.filter((backbone) => !hasResidualBlocks(backbone));
  expect(without.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      "squeezenet1_1",
      "mobilenet_v1",
      "mobilenet_v1_vggface2",
      "vit_tiny",
      "vit_b_16",
    ]),
  );
  expect(without).not.toContain(backboneNamed("convnext_tiny"));
  for (const backbone of without) expect(() => withAttention(backbone, "se")).toThrow(UsageError);
  expect(() => withAttention(backboneNamed("vit_tiny"), "se")).toThrow(
    /^attention "se" needs residual .*, and vit_tiny has none; backbones that have them: .*resnet18.*vultus_m/,
  );
});
