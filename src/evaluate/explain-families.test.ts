/**
 * Grad-CAM of backbones with their own pooling and of transformers: compared with central differences, and on a known
 * patch.
 */

import { afterAll, describe, expect, test } from "vitest";
import { families, familyArchitecture, livelyWeights, transformer } from "../../test/support/families.ts";
import { packValidation } from "../augment/validation.ts";
import type { Picture } from "../data/dataset.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { tensor64 } from "../graph/tensor64.ts";
import type { Tensor64, Value } from "../graph/types.ts";
import type { Backbone } from "../models/backbone.ts";
import { buildClassifier } from "../models/classifier.ts";
import type { Feature } from "../nn/features.ts";
import { Network, type NetworkOptions } from "../nn/network.ts";
import { compileExplain } from "../program/explain.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { random } from "../util/random.ts";
import type { FloatTensor, Tensor } from "../util/tensor.ts";
import { explainPictures } from "./explain.ts";
import { inMemory } from "./run-bundle.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
afterAll(() => engine.close());

const SIZE = 32;
const CANVAS = { width: SIZE, height: SIZE, channels: 3 } as const;

/** A network in which an input of the graph replaces the output of one stage. */
class CutNetwork extends Network {
  readonly #cut: string;
  output: Feature | undefined;

  constructor(cut: string, options: NetworkOptions) {
    super(options);
    this.#cut = cut;
  }

  override stage<In extends Feature, Out extends Feature>(
    names: string | readonly string[],
    x: In,
    body: (x: In) => Out,
  ): Out {
    const output = super.stage(names, x, body);
    if (names !== this.#cut) return output;
    this.output = output;
    return { ...output, value: this.graph.input("cut", "float32", output.value.shape) };
  }
}

describe.each(families.map((backbone) => [backbone.name, backbone] as const))("%s", (_, backbone) => {
  const architecture = familyArchitecture(backbone);
  const weights = livelyWeights(architecture);
  const rng = random("explained", backbone.name);
  const pixels = Uint8Array.from({ length: SIZE * SIZE * 3 }, () => rng.next() * 255);
  const { mean, std } = backbone.preprocessing;

  /** Returns the logits and the explained stage's output, which `cut` replaces. */
  function network(): { logits: Value; features: Feature } {
    const stage =
      backbone.explained ?? backbone.stages.findLast((name) => !/^(norm|linear)$/.test(name)) ?? "";
    const graph = new Graph();
    const net = new CutNetwork(stage, { graph, weights, trainable: () => false, training: false });
    const x = graph.input("pictures", "float32", [1, 3, SIZE, SIZE]);
    const { logits } = buildClassifier(net, architecture, x);
    return { logits, features: net.output as Feature };
  }

  test("Grad-CAM is what central differences give", async () => {
    const { logits, features } = network();
    const pictures = tensor64(
      [1, 3, SIZE, SIZE],
      Array.from({ length: 3 * SIZE * SIZE }, (_, i) => {
        const c = Math.floor(i / (SIZE * SIZE));
        return ((pixels[i] as number) / 255 - (mean[c] as number)) / (std[c] as number);
      }),
    );
    const [activations] = evaluate([features.value], new Map([["pictures", pictures]])) as [Tensor64];
    const answers = (cut: Tensor64): Float64Array =>
      Float64Array.from((evaluate([logits], new Map([["cut", cut]]))[0] as Tensor64).data);
    const step = 1e-5;
    const { channels } = features;
    const prefix = features.layout === "tokens" ? features.prefix : 0;
    const places = features.layout === "tokens" ? features.count - prefix : features.height * features.width;
    const at = (place: number, channel: number): number =>
      features.layout === "tokens" ? (place + prefix) * channels + channel : channel * places + place;
    const shifted = (index: number, by: number): Float64Array => {
      const data = Float64Array.from(activations.data);
      data[index] = (data[index] as number) + by;
      return answers({ ...activations, data });
    };
    const expected = Array.from({ length: 4 }, () => new Float64Array(places));
    for (let channel = 0; channel < channels; channel++) {
      const weight = new Float64Array(4);
      for (let place = 0; place < places; place++) {
        const [up, down] = [shifted(at(place, channel), step), shifted(at(place, channel), -step)];
        for (const [k, greater] of up.entries())
          weight[k] = (weight[k] as number) + (greater - (down[k] as number)) / (2 * step * places);
      }
      for (const [k, row] of expected.entries())
        for (let place = 0; place < places; place++)
          row[place] =
            (row[place] as number) + (weight[k] as number) * (activations.data[at(place, channel)] as number);
    }
    const maps = expected.flatMap((row) => Array.from(row, (value) => Math.max(value, 0)));
    expect(maps.filter((value) => value > 0).length).toBeGreaterThan(places / 4);

    const program = compileExplain({
      ...{ architecture, weights, canvas: CANVAS, batch: 1, temperature: 1 },
      method: "grad-cam",
    });
    const open = await engine.open(program);
    const outputs = await open.run({
      pictures: { dtype: "uint8", shape: [1, 3, SIZE, SIZE], data: pixels },
      ...packValidation([CANVAS], SIZE, 1),
    });
    await open.release();
    const side = Math.sqrt(places);
    expect(outputs.maps?.shape).toEqual([1, 4, side, side]);
    const greatest = Math.max(...maps);
    for (const [i, value] of maps.entries())
      expect(Math.abs(value - (outputs.maps?.data[i] as number)) / greatest).toBeLessThan(2e-3);
  });

  test.each(["grad-cam", "grad-cam++"] as const)("%s covers the image", async (method) => {
    const picture: Picture = { pixels, width: SIZE, height: SIZE, channels: 3 };
    const [{ map, probabilities } = { map: [], probabilities: [] }] = await explainPictures(
      engine,
      { architecture, weights, metadata: {}, path: "own" },
      inMemory([picture]),
      [0],
      { method },
    );
    expect(map).toHaveLength(SIZE * SIZE);
    expect(Math.max(...map)).toBeCloseTo(1, 6);
    expect([...probabilities].reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
  });
});

test("a transformer that answers by one lit patch lights that patch", async () => {
  const architecture = familyArchitecture(transformer);
  const weights = livelyWeights(architecture);
  for (const { data } of weights.values()) data.fill(0);
  const set = (name: string, values: readonly (readonly [index: number, value: number])[]): void => {
    const { data } = weights.get(name) as Tensor;
    for (const [index, value] of values) data[index] = value;
  };
  const all = (count: number, value: number, from = 0) =>
    Array.from({ length: count }, (_, i) => [from + i, value] as const);
  // Channel 0 is the brightness of a patch; the others are always 1.
  set("patches.conv.weight", all(3 * 64, 1 / 64));
  set("patches.conv.bias", all(15, 1, 1));
  for (const norm of ["blocks.0.norm1", "blocks.0.norm2", "blocks.1.norm1", "blocks.1.norm2", "norm"])
    set(`${norm}.weight`, all(16, 1));
  // In the last block the class token copies the mean of channel 0 to channel 5, which class 2 reads.
  set("blocks.1.qkv.weight", [[32 * 16, 1]]);
  set("blocks.1.proj.weight", [[5 * 16, 1]]);
  set("head.fc.weight", [[2 * 16 + 5, 1]]);
  const lit = (column: number, row: number): Picture => {
    const pixels = new Uint8Array(SIZE * SIZE * 3).fill(90);
    for (let y = row * 8; y < row * 8 + 8; y++)
      pixels.fill(255, (y * SIZE + column * 8) * 3, (y * SIZE + column * 8 + 8) * 3);
    return { pixels, width: SIZE, height: SIZE, channels: 3 };
  };
  for (const [column, row] of [
    [0, 0],
    [2, 1],
    [3, 3],
    [1, 2],
  ] as const) {
    const [explanation] = await explainPictures(
      engine,
      { architecture, weights, metadata: {}, path: "own" },
      inMemory([lit(column, row)]),
      [0],
      { method: "grad-cam", target: 2 },
    );
    const values = [...(explanation?.coarse[0]?.values ?? [])];
    const greatest = Math.max(...values);
    expect(values.indexOf(greatest)).toBe(row * 4 + column);
    expect(values.filter((value) => value > 0.2 * greatest)).toHaveLength(1);
    const peak = explanation?.map.indexOf(1) as number;
    expect([Math.floor((peak % SIZE) / 8), Math.floor(peak / SIZE / 8)]).toEqual([column, row]);
  }
});

test.each([-1, -2, -3])("Grad-CAM++ weighs no channel negatively whose mean is %f", async (mean) => {
  const signed: Backbone = {
    name: "own_signed",
    stages: ["conv"],
    unfreeze: [["conv"]],
    features: 2,
    preprocessing: { mean: [0, 0, 0], std: [1, 1, 1], size: SIZE },
    smallest: 8,
    build: (net, x) => net.stage("conv", x, (x) => net.conv(x, "conv", { out: 2, kernel: 8, stride: 8 })),
  };
  const architecture = familyArchitecture(signed);
  const weights = livelyWeights(architecture);
  for (const { data } of weights.values()) data.fill(0);
  // Channel 0 is eight times the brightness of a patch, channel 1 the same negative number everywhere; class 2 reads both.
  (weights.get("conv.weight") as FloatTensor).data.fill(8 / 192, 0, 192);
  (weights.get("conv.bias") as FloatTensor).data[1] = mean;
  (weights.get("head.fc.weight") as FloatTensor).data.fill(1, 2 * 2, 2 * 2 + 2);
  const lit = new Uint8Array(SIZE * SIZE * 3);
  for (let y = 8; y < 16; y++) lit.fill(255, (y * SIZE + 16) * 3, (y * SIZE + 24) * 3);
  const open = await engine.open(
    compileExplain({
      ...{ architecture, weights, canvas: CANVAS, batch: 1, temperature: 1 },
      method: "grad-cam++",
    }),
  );
  const planes = Uint8Array.from(
    lit,
    (_, i) => lit[(i % (SIZE * SIZE)) * 3 + Math.floor(i / SIZE ** 2)] ?? 0,
  );
  const { maps } = await open.run({
    pictures: { dtype: "uint8", shape: [1, 3, SIZE, SIZE], data: planes },
    ...packValidation([CANVAS], SIZE, 1),
  });
  await open.release();
  const values = [...(maps?.data ?? [])].slice(2 * 16, 3 * 16);
  // α times the gradient, added up: 1 / (2 + the mean) for channel 0, a half for channel 1.
  const bright = 8 / (2 + 8 / 16);
  expect(values.every((value, i) => i === 6 || value === 0)).toBe(true);
  expect(values[6] as number).toBeCloseTo(bright + mean / 2, 4);
});
