/** Which stage of a backbone still resolves positions, and the features it returns from maps and from tokens. */

import { afterAll, describe, expect, test } from "vitest";
import { familyArchitecture, livelyWeights, mobile, next, transformer } from "../../test/support/families.ts";
import { packValidation } from "../augment/validation.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { tensor64 } from "../graph/tensor64.ts";
import type { Tensor64 } from "../graph/types.ts";
import { backboneNamed } from "../models/registry.ts";
import { type Feature, pictures } from "../nn/features.ts";
import { Network } from "../nn/network.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { random } from "../util/random.ts";
import { compileStageFeatures, middleStage } from "./stage-features.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 1 }));
afterAll(() => engine.close());

test.each([
  ["squeezenet1_1", 96, "features.7"],
  ["resnet18", 96, "layer2"],
])("%s at %i px: the last stage of 8 pixels a side", (name, inputSize, stage) => {
  expect(middleStage(familyArchitecture(backboneNamed(name), { inputSize }))).toBe(stage);
});

test("if all maps are small it is the last of the finest, of a transformer the middle one", () => {
  expect(middleStage(familyArchitecture(mobile, { inputSize: 64 }))).toBe("block");
  expect(middleStage(familyArchitecture(next, { inputSize: 24 }))).toBe("block");
  expect(middleStage(familyArchitecture(transformer, { inputSize: 32 }))).toBe("blocks.0");
});

describe.each([
  [mobile, "block"],
  [next, "block"],
  [transformer, "blocks.1"],
] as const)("$name", (backbone, stage) => {
  test("the cells are the means of the places, without a class token", async () => {
    const [size, count, cells] = [32, 2, 2];
    const architecture = familyArchitecture(backbone, { inputSize: size });
    const weights = livelyWeights(architecture);
    const rng = random("stage features");
    const pixels = Uint8Array.from({ length: count * 3 * size * size }, () => rng.next() * 255);
    const graph = new Graph();
    const net = new Network({ graph, weights, trainable: () => false, training: false });
    backbone.build(net, pictures(graph.input("x", "float32", [count, 3, size, size])));
    const output = net.outputs.get(stage) as Feature;
    const { mean, std } = backbone.preprocessing;
    const normalised = [...pixels].map((byte, i) => {
      const c = Math.floor(i / size ** 2) % 3;
      return (byte / 255 - (mean[c] as number)) / (std[c] as number);
    });
    const x = tensor64([count, 3, size, size], normalised);
    const [{ data }] = evaluate([output.value], new Map([["x", x]])) as [Tensor64];
    const { channels } = output;
    const prefix = output.layout === "tokens" ? output.prefix : 0;
    const side = output.layout === "tokens" ? Math.sqrt(output.count - prefix) : output.width;
    const at = (n: number, c: number, place: number): number =>
      data[
        output.layout === "tokens"
          ? (n * output.count + prefix + place) * channels + c
          : (n * channels + c) * side * side + place
      ] as number;

    const canvas = { width: size, height: size, channels: 3 } as const;
    const open = await engine.open(compileStageFeatures(architecture, weights, canvas, { stage, cells }));
    const { features } = await open.run({
      pictures: { dtype: "uint8", shape: [count, 3, size, size], data: pixels },
      ...packValidation([canvas, canvas], size, 1),
    });
    await open.release();
    expect(features?.shape).toEqual([count, channels * cells * cells]);
    const half = side / 2;
    for (let n = 0; n < count; n++)
      for (let c = 0; c < channels; c++)
        for (let cell = 0; cell < 4; cell++) {
          let sum = 0;
          for (let y = 0; y < half; y++)
            for (let x = 0; x < half; x++)
              sum += at(n, c, (y + half * (cell >> 1)) * side + x + half * (cell & 1));
          const found = features?.data[(n * channels + c) * 4 + cell] as number;
          expect(found).toBeCloseTo(sum / half ** 2, 3);
        }
  });
});
