/**
 * The int8 bundle: compared with the float one and with the ONNX standard in double precision, and how ONNX Runtime optimises it.
 */

import { describe, expect, test } from "vitest";
import {
  architecture,
  BITS,
  blotches,
  CANVAS,
  COUNT,
  calibrated,
  channelsLast,
  initializersOf,
  operatorsIn,
  operatorsRun,
  relativeError,
  run,
  withStatistics,
} from "../../test/support/quantized.ts";
import { encode } from "../graph/encode.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Tensor64, Value } from "../graph/types.ts";
import { type Architecture, describe as describeModel, withNewWeights } from "../models/classifier.ts";
import { concat } from "../ops/concat.ts";
import { conv } from "../ops/conv.ts";
import { relu } from "../ops/relu.ts";
import { relu6 } from "../ops/relu6.ts";
import { floatTensor, type StateDict, sizeOf, type Tensor } from "../util/tensor.ts";
import { compileBundle } from "./bundle.ts";
import { compileQuantized } from "./quantize.ts";
import { compileCalibration, rangesOf } from "./quantize-calibration.ts";
import { quantizeNodes } from "./quantize-nodes.ts";
import { planQuantization } from "./quantize-plan.ts";
import { affineOf, affinesOf, type Range, type Ranges } from "./quantize-ranges.ts";
import { quantizeLayer, quantizeWeight } from "./quantize-weights.ts";

describe.each([
  ["vultus_s", 48, "reference"],
  ["squeezenet1_1", 64, "linear"],
  ["resnet18", 64, "linear"],
] as const)("%s at %i px", async (name, size, head) => {
  const built = architecture(name, size, head);
  const pictures = blotches(COUNT, CANVAS, "calibration");
  const weights = await withStatistics(built, pictures);
  const ranges = await calibrated(built, weights, pictures);
  const float = compileBundle({ architecture: built, weights });
  const int8 = compileQuantized({ architecture: built, weights, ranges, weightBits: BITS });

  test("gives nearly what the float bundle gives, also for other images, of another size", async () => {
    for (const [count, canvas] of [
      [8, CANVAS],
      // Several images: with random weights, one image gives too few numbers for a verdict.
      [5, { width: 61, height: 87, channels: 3 }],
    ] as const) {
      const feeds = { pictures: channelsLast(blotches(count, canvas as typeof CANVAS, "test")) };
      const [expected, actual] = [await run(float.model, feeds), await run(int8.model, feeds)];
      expect(Object.keys(actual).sort()).toEqual(["embedding", "logits", "probabilities"]);
      for (const output of ["embedding", "logits"]) {
        expect(actual[output]?.shape).toEqual(expected[output]?.shape);
        expect(relativeError(actual[output], expected[output]), output).toBeLessThan(
          BITS === 8 ? 0.12 : 0.24,
        );
      }
    }
  });

  test("7 bits cost some accuracy, and no weight of a convolution uses more", async () => {
    const feeds = { pictures: channelsLast(blotches(8, CANVAS, "test")) };
    const { model } = compileQuantized({ architecture: built, weights, ranges, weightBits: 7 });
    const error = relativeError((await run(model, feeds)).logits, (await run(float.model, feeds)).logits);
    expect(error).toBeLessThan(0.15);
    for (const [weight, { dtype, data }] of initializersOf(model))
      if (dtype === "int8" && !weight.startsWith("head."))
        expect(
          (data as Int8Array).reduce((most, q) => Math.max(most, Math.abs(q)), 0),
          weight,
        ).toBe(63);
  });

  test("ONNX Runtime computes every convolution, sum and concatenation on bytes", async () => {
    const before = operatorsIn(int8.model);
    const after = await operatorsRun(int8.model);
    expect(after.QLinearConv).toBe(before.Conv);
    expect(after.QLinearAdd).toBe({ vultus_s: 4, resnet18: 8, squeezenet1_1: undefined }[name]);
    expect(after.QLinearConcat).toBe(before.Concat);
    for (const type of ["Conv", "FusedConv", "MaxPool", "Relu"]) expect(after[type], type).toBe(undefined);
    // The images, the pooled features, and the weights of the head.
    expect(after.QuantizeLinear).toBe(1);
    expect(after.DequantizeLinear).toBe(head === "linear" ? 2 : 3);
  });
});

test("layers that keep float32 are those that were named", async () => {
  const built = architecture("vultus_s", 32, "reference");
  const weights = withNewWeights(describeModel(built).specs, new Map(), 1);
  const keepFloat = (layer: string): boolean => layer === "stem.conv" || layer.startsWith("head");
  const { model } = compileQuantized({ architecture: built, weights, ranges: anyRanges(built), keepFloat });
  const dtypes = new Map([...initializersOf(model)].map(([name, { dtype }]) => [name, dtype]));
  expect(dtypes.get("layer1.0.conv1.weight")).toBe("int8");
  expect(dtypes.get("layer1.0.conv1.bias")).toBe("int32");
  for (const name of ["stem.conv.weight", "head.fc1.weight"]) expect(dtypes.has(name), name).toBe(false);
  const after = await operatorsRun(model);
  expect(after.QLinearConv).toBe(11);
  expect((after.Conv ?? 0) + (after.FusedConv ?? 0)).toBe(1);
});

test.each(["resnet50", "squeezenet1_1"])("%s takes less than 0.3 of the float bundle", (name) => {
  const built = architecture(name, 64, "reference");
  // Zeros also test that a value that is always 0 gets a nonzero scale.
  const weights = zerosOf(built);
  const int8 = compileQuantized({ architecture: built, weights, ranges: anyRanges(built) });
  const float = compileBundle({ architecture: built, weights });
  expect(int8.model.length / float.model.length).toBeLessThan(0.3);
  for (const [tensor, { data }] of initializersOf(int8.model))
    if (tensor.endsWith(".scale"))
      expect(
        (data as Float32Array).every((scale) => scale > 0),
        tensor,
      ).toBe(true);
});

describe("a small network", () => {
  const scene = normal64([2, 3, 9, 7], "scene");
  const weight = (graph: Graph, shape: readonly number[], key: string): Value =>
    graph.constant("float32", shape, Float32Array.from(normal64(shape, key).data));

  /** Builds two parallel convolutions, one of them with an activation, their concatenation, and a convolution of that. */
  function build(graph: Graph, activation = relu): { x: Value; y: Value } {
    const x = graph.input("x", "float32", scene.shape);
    const layer = (name: string, input: Value, out: number, kernel: number, stride: number): Value =>
      graph.in(name, () => {
        const shape = [out, input.shape[1] as number, kernel, kernel];
        return conv(input, weight(graph, shape, name), weight(graph, [out], name), stride, (kernel - 1) / 2);
      });
    const joined = concat([activation(layer("a", x, 4, 3, 2)), layer("b", x, 5, 1, 2)], 1);
    return { x, y: layer("c", joined, 6, 3, 1) };
  }

  /** Returns the ranges found by evaluating the graph in double precision. */
  function exactRanges(x: Value, y: Value): Map<string, Range> {
    const points = [...planQuantization(x, [y]).points];
    const values = points.map(([value]) => value);
    const tensors = evaluate(values, new Map([["x", scene]]));
    return new Map(
      points.map(([, { name }], i) => {
        const { data } = tensors[i] as Tensor64;
        return [name, { least: Math.min(...data), greatest: Math.max(...data) }];
      }),
    );
  }

  test.each([
    ["ReLU", relu],
    ["ReLU6", relu6],
  ])("is near what it was in float, with a %s whose bytes do not begin at 0", (_, activation) => {
    const { x, y } = build(new Graph(), activation);
    const plan = planQuantization(x, [y]);
    const ranges = exactRanges(x, y);
    expect(
      affinesOf(plan.points, ranges).get([...plan.cutOff][0]?.outputs[0] as Value)?.zero,
    ).toBeGreaterThan(0);
    const quantized = quantizeNodes(plan, ranges, 8);
    const [expected, actual] = evaluate([y, ...quantized], new Map([["x", scene]])) as [Tensor64, Tensor64];
    const asTensor = ({ shape, data }: Tensor64): Tensor => floatTensor(shape, [...data]);
    expect(relativeError(asTensor(actual), asTensor(expected))).toBeLessThan(0.02);
  });

  test("gives in ONNX Runtime what the standard says", async () => {
    const graph = new Graph();
    const { x, y } = build(graph);
    const ranges = exactRanges(x, y);
    const [quantized] = quantizeNodes(planQuantization(x, [y]), ranges, BITS) as [Value];
    graph.output("y", quantized);
    const [expected] = evaluate([quantized], new Map([["x", scene]])) as [Tensor64];
    const actual = (await run(encode(graph, "small"), { x: floatTensor(scene.shape, [...scene.data]) })).y;
    // A number halfway between two bytes may be rounded to either, because ONNX Runtime multiplies the scales first.
    const { scale } = affineOf(ranges.get("c") as Range);
    const steps = [...expected.data].map((v, i) => Math.abs(Number(actual?.data[i]) - v) / scale);
    expect(Math.max(...steps)).toBeLessThan(1.001);
    expect(steps.filter((step) => step > 0.001).length).toBeLessThan(0.02 * steps.length);
  });

  test("cannot be quantized without its ranges", () => {
    const { x, y } = build(new Graph());
    const ranges = exactRanges(x, y);
    ranges.delete("a.relu");
    expect(() => quantizeNodes(planQuantization(x, [y]), ranges, 8)).toThrow(/no range for a\.relu/);
  });
});

describe("weights", () => {
  const graph = new Graph();
  const constant = (shape: readonly number[], numbers: readonly number[]): Value =>
    graph.constant("float32", shape, Float32Array.from(numbers));

  test("are rounded per output channel, to at most half a step", () => {
    const numbers = [...normal64([5, 4, 3, 3]).data].map((v, i) => v * 10 ** Math.floor(i / 36));
    for (const bits of [8, 7] as const) {
      const { integers, scale } = quantizeWeight(constant([5, 4, 3, 3], numbers), bits);
      for (const [i, v] of numbers.entries()) {
        const step = scale[Math.floor(i / 36)] as number;
        expect(Math.abs((integers[i] as number) * step - v)).toBeLessThan(0.5001 * step);
      }
      for (let o = 0; o < 5; o++)
        expect(Math.max(...integers.slice(36 * o, 36 * o + 36).map(Math.abs))).toBe(bits === 8 ? 127 : 63);
    }
  });

  test("next to nothing leave the bias room", () => {
    const bias = constant([3], [3, -2, 0]);
    const { weight: w, bias: b } = quantizeLayer(constant([3, 2], [0, 0, 1e-30, 0, 0, 0]), bias, 8, 0.01);
    for (const [o, v] of [3, -2, 0].entries())
      expect((b.integers[o] as number) * (b.scale[o] as number)).toBeCloseTo(v, 6);
    expect(Math.max(...b.integers.map(Math.abs))).toBeLessThanOrEqual(2 ** 30);
    expect(Math.min(...w.scale)).toBeGreaterThan(0);
  });
});

test("a range becomes bytes with an exact 0", () => {
  expect(affineOf({ least: 0, greatest: 51 })).toEqual({ scale: Math.fround(0.2), zero: 0 });
  expect(affineOf({ least: 5, greatest: 51 })).toEqual({ scale: Math.fround(0.2), zero: 0 });
  expect(affineOf({ least: -51, greatest: 0 })).toEqual({ scale: Math.fround(0.2), zero: 255 });
  expect(affineOf({ least: 0, greatest: 0 })).toEqual({ scale: 1, zero: 0 });
  expect(affineOf({ least: -1, greatest: 2 }).zero).toBe(85);
});

test("ranges hold the extremes of 99 % of the images, and refuse what is not finite", () => {
  const column = (numbers: readonly number[]): Tensor => floatTensor([numbers.length], numbers);
  const batch = (from: number): Record<string, Tensor> => ({
    "a.least": column(Array.from({ length: 100 }, (_, i) => -(from + i))),
    "a.greatest": column(Array.from({ length: 100 }, (_, i) => 2 * (from + i))),
  });
  expect(rangesOf([batch(101), batch(1)])).toEqual(new Map([["a", { least: -198, greatest: 396 }]]));
  expect(() => rangesOf([{ "a.least": column([0]), "a.greatest": column([Number.NaN]) }])).toThrow(
    /not finite/,
  );
});

/** Returns arbitrary ranges for a network that is never run. */
function anyRanges(architecture: Architecture): Ranges {
  const { tensors } = compileCalibration(architecture, zerosOf(architecture), CANVAS);
  const names = tensors.flatMap(({ name }) =>
    name.endsWith(".least") ? [name.slice(0, -".least".length)] : [],
  );
  return new Map(names.map((name) => [name, { least: name.includes("relu") ? 0 : -1, greatest: 1 }]));
}

function zerosOf(architecture: Architecture): StateDict {
  const { specs } = describeModel(architecture);
  return new Map(specs.map(({ name, shape }) => [name, floatTensor(shape, new Float32Array(sizeOf(shape)))]));
}
