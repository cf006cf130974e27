/** Compares receptive fields computed from the layers with those that networks actually have. */

import { afterAll, describe, expect, test } from "vitest";
import { Graph } from "../graph/graph.ts";
import { type FeatureMap, pictures } from "../nn/features.ts";
import { Network } from "../nn/network.ts";
import { slice } from "../ops/concat.ts";
import { globalAveragePool } from "../ops/global-average-pool.ts";
import { maxPool } from "../ops/max-pool.ts";
import { mul } from "../ops/mul.ts";
import { finish } from "../program/finish.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import type { Backbone } from "./backbone.ts";
import { cellGrid, type ReceptiveField, receptiveField } from "./receptive-field.ts";
import { backboneNamed, backbones } from "./registry.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));
afterAll(() => engine.close());

type Build = (net: Network, x: FeatureMap) => FeatureMap;
const own = (build: Build): Backbone => ({
  ...{ name: "own", stages: ["own"], unfreeze: [["own"]], features: 1, smallest: 1 },
  preprocessing: { mean: [0], std: [1], size: 64 },
  build: (net, x) => net.stage("own", x, (x) => build(net, x)),
});
const conv = (
  net: Network,
  x: FeatureMap,
  name: string,
  kernel: number,
  stride = 1,
  padding = 0,
): FeatureMap => net.conv(x, `own.${name}`, { out: 1, kernel, stride, padding });

/** Windows with and without padding, even and odd, on paths that see different parts of the image. */
const ownBackbones: [string, Backbone][] = [
  ["an even window", own((net, x) => conv(net, conv(net, x, "a", 4, 2, 1), "b", 2, 2))],
  ["padding that is too much", own((net, x) => conv(net, conv(net, x, "a", 3, 2, 2), "b", 5, 1, 1))],
  [
    "paths with other centres",
    own((net, x) => {
      const y = conv(net, x, "a", 3, 2);
      return net.add(conv(net, y, "b", 2, 2), conv(net, y, "c", 6, 2, 2));
    }),
  ],
  ["pooling", own((net, x) => net.maxPool(conv(net, x, "a", 3, 2), { kernel: 3, stride: 2, ceil: true }))],
];

/** Builds the network with positive weights, so that no path cancels another, for images of this size. */
function built(backbone: Backbone, [height, width]: readonly [number, number]) {
  const channels = backbone.preprocessing.mean.length;
  const asked = new Network({
    graph: new Graph(),
    weights: new Map(),
    trainable: () => true,
    batchNorm: "batch",
    training: true,
  });
  const shape = [channels, height, width];
  backbone.build(asked, pictures(asked.graph.input("pictures", "float32", [1, ...shape])));
  const weights: StateDict = new Map();
  for (const { name, shape } of asked.parameters.specs.values()) {
    // The weights of a window sum to its side: otherwise values far from the centre would underflow in float32.
    const [, inside = 1, kernel = 1] = shape;
    const value = /(bias|running_mean)$/.test(name) ? 0 : shape.length > 1 ? 1 / (inside * kernel) : 1;
    weights.set(name, floatTensor(shape, new Float32Array(sizeOf(shape)).fill(value)));
  }
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => false, training: false });
  // With an unknown number of images no convolution uses Winograd's algorithm, which is not exact.
  const input = graph.input("pictures", "float32", ["N", ...shape]);
  return { graph, input, map: backbone.build(net, pictures(input)) as FeatureMap, shape };
}

/** Returns whether a cell in the middle row responds to light in one column of a dark image. */
async function answers(
  { graph, map, shape }: ReturnType<typeof built>,
  asked: readonly { readonly cell: number; readonly column: number }[],
): Promise<boolean[]> {
  const [, , width] = shape as [number, number, number];
  const open = await engine.open(finish(graph, "answers", { map: map.value }));
  const data = new Float32Array(asked.length * sizeOf(shape));
  for (const [n, { column }] of asked.entries())
    for (let i = column; i < sizeOf(shape); i += width) data[n * sizeOf(shape) + i] = 1;
  const outputs = await open.run({ pictures: floatTensor([asked.length, ...shape], data) });
  await open.release();
  const values = outputs.map?.data as Float32Array;
  const plane = map.height * map.width;
  const row = Math.floor(map.height / 2) * map.width;
  const at = (n: number, channel: number, cell: number): number =>
    values[(n * map.channels + channel) * plane + row + cell] as number;
  const channels = Array.from({ length: map.channels }, (_, channel) => channel);
  return asked.map(({ cell }, n) => channels.some((channel) => at(n, channel, cell) > 0));
}

describe.each([
  ...ownBackbones.map(([name, backbone]) => [name, backbone, [16, 128], [5, 9]] as const),
  ...(
    [
      ["vultus_s", 512, [13, 17]],
      ["vultus_m", 512, [13, 17]],
      ["squeezenet1_1", 512, [12, 16]],
      ["resnet18", 1024, [14, 17]],
      ["resnet50", 1024, [15]],
    ] as const
  ).map(([name, width, cells]) => [name, backboneNamed(name), [32, width], cells] as const),
])("%s", (_, backbone, size, cells) => {
  test("answers to light in its receptive field and nowhere else, cell by cell", async () => {
    const network = built(backbone, size);
    const { first, last, step } = receptiveField(network.map.value, network.input) as ReceptiveField;
    const fields = cells.map((cell) => ({ cell, low: first + cell * step, high: last + cell * step }));
    for (const { low, high } of fields) {
      expect(low).toBeGreaterThan(0);
      expect(high).toBeLessThan(size[1]);
    }
    const edges = fields.flatMap(({ cell, low, high }) =>
      [low - 1, low, high - 1, high].map((column) => ({ cell, column })),
    );
    const expected = fields.flatMap(() => [false, true, true, false]);
    expect(await answers(network, edges)).toEqual(expected);
  });
});

test("centres of the backbones that ship: around multiples of the stride with padding, further in without", () => {
  const grids = backbones.map(({ name }) => [name, cellGrid(backboneNamed(name), 96)]);
  const usual = backbones.flatMap(({ name }) =>
    /^(res|mobile|efficient)ne[xt]/.test(name) ? [[name, { start: 0.5, step: 32 }] as const] : [],
  );
  // TensorFlow pads an even map only at its end, so each stride shifts the cells by half of it.
  const same = ["mobilenet_v1_vggface2", "efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2"];
  expect(Object.fromEntries(grids)).toMatchObject({
    ...Object.fromEntries(usual),
    ...Object.fromEntries(same.map((name) => [name, { start: 31.5, step: 32 }])),
    squeezenet1_1: { start: 15.5, step: 16 },
    vultus_s: { start: 0.5, step: 16 },
    vultus_m: { start: 0.5, step: 16 },
    vultus_l: { start: 0.5, step: 16 },
    // Patches are adjacent.
    convnext_tiny: { start: 16, step: 32 },
    vit_tiny: { start: 8, step: 16 },
    vit_b_16: { start: 8, step: 16 },
  });
});

test("the layers are found in any lowering, and operators that backbones apply themselves", () => {
  const graph = new Graph();
  const input = graph.input("x", "float32", [1, 1, 64, 64]);
  const pooled = maxPool(input, 2, 2, 0, false);
  expect(receptiveField(pooled, input)).toEqual({ first: 0, last: 2, step: 2 });
  // A gate that sees the whole image does not move any cell.
  expect(receptiveField(mul(pooled, globalAveragePool(pooled)), input)).toEqual({
    first: 0,
    last: 2,
    step: 2,
  });
});

test("what has no one place has no field, and its cells share the image evenly", () => {
  const graph = new Graph();
  const input = graph.input("x", "float32", [1, 1, 8, 8]);
  const other = graph.input("y", "float32", [1, 1, 8, 8]);
  expect(receptiveField(other, input)).toBeUndefined();
  // The first 32 × 32 pixels of the image, which form rows, next to a map of every second pixel.
  const build: Build = (net, x) => {
    const coarse = conv(net, x, "a", 2, 2);
    return net.add(coarse, { ...coarse, value: slice(x.value, 0, 0, 32 * 32) });
  };
  expect(cellGrid(own(build), 64)).toEqual({ start: 1, step: 2 });
});
