/** Inputs that networks reject, and the place that the error names. */

import { expect, test } from "vitest";
import { Graph } from "../graph/graph.ts";
import type { ConvOptions, PoolOptions } from "../nn/conv-options.ts";
import { type FeatureMap, pictures } from "../nn/features.ts";
import { zeros } from "../nn/initialise.ts";
import { type Network, weightless } from "../nn/network.ts";
import { normOf } from "../nn/norm.ts";
import { GraphError } from "../util/errors.ts";
import { type Architecture, describe } from "./classifier.ts";
import { backboneNamed, backbones } from "./registry.ts";

const architecture = (name: string, inputSize: number): Architecture => ({
  backbone: backboneNamed(name),
  head: "linear",
  classes: ["a", "b"],
  dropout: 0,
  inputSize,
  resize: 1,
});

/** Builds layers over maps of 6 channels and 8 × 8 pixels. */
function built(layers: (net: Network, x: FeatureMap) => unknown): () => unknown {
  const graph = new Graph();
  const net = weightless(graph);
  const x = pictures(graph.input("pictures", "float32", [2, 6, 8, 8]));
  return () => net.stage("own", x, (maps) => (layers(net, maps), maps));
}

test("images that no patch fits, or that are no multiple of one", () => {
  expect(() => describe(architecture("vit_tiny", 8))).toThrow("vit_tiny needs images of at least 16 px");
  expect(() => describe(architecture("vit_tiny", 72))).toThrow(
    "vit_tiny cuts images into patches of 16 px, but the input size 72 is not a multiple of 16: use 64 or 80",
  );
});

test("groups that do not divide the channels, at the layer", () => {
  const grouped = (out: number, groups: number): (() => unknown) =>
    built((net, x) => net.conv(x, "own.conv", { out, kernel: 3, groups }));
  expect(grouped(6, 4)).toThrow(/own\.conv.*4 groups do not divide 6 channels/);
  expect(grouped(8, 3)).toThrow(/own\.conv.*3 groups do not divide 8 channels/);
  expect(grouped(6, 0)).toThrow("0 groups do not divide 6 channels");
});

test("heads that do not divide the channels, at the layer", () => {
  expect(built((net, x) => net.attention(net.tokens(x), "own.attention", 4))).toThrow(
    /own\.attention.*4 heads do not divide 2 channels/,
  );
  for (const heads of [0, -1, 1.5])
    expect(built((net, x) => net.attention(net.tokens(x), "own.attention", heads))).toThrow(
      `own.attention: heads is ${heads}: must be a whole number from 1`,
    );
});

test("queries, keys and values of different sizes, at the layer", () => {
  expect(
    built((net, x) => {
      const asked = net.dense(net.tokens(x), "own.qkv", { out: 16, initialise: zeros });
      net.attention(asked, "own.attention", 2);
    }),
  ).toThrow("own.attention: 16 channels cannot be split into queries, keys and values of one size");
});

test.each<[Partial<ConvOptions>, string]>([
  [{ kernel: 0 }, "own.conv: kernel is 0: must be a whole number from 1"],
  [{ stride: 0 }, "own.conv: stride is 0: must be a whole number from 1"],
  [{ out: 2.5 }, "own.conv: out is 2.5: must be a whole number from 1"],
  [{ padding: -1 }, 'own.conv: padding is -1: must be a whole number from 0, or "same"'],
  [{ kernel: 11 }, "own.conv: a window of 11 does not fit into 8 pixels with padding 0"],
])("a convolution of %o, at the layer", (options, message) => {
  expect(built((net, x) => net.conv(x, "own.conv", { out: 6, kernel: 3, ...options }))).toThrow(message);
  expect(built((net, x) => net.conv(x, "own.conv", { out: 6, kernel: 3, groups: 6, ...options }))).toThrow(
    GraphError,
  );
});

test("padding of grouped convolutions as wide as the window", () => {
  const padded = (padding: number, groups: number): (() => unknown) =>
    built((net, x) => net.conv(x, "own.conv", { out: 12, kernel: 3, padding, groups }));
  expect(padded(3, 2)).toThrow(
    "own.conv: padding is 3: must be less than the kernel, which is 3, in 2 groups",
  );
  for (const [padding, groups] of [
    [2, 2],
    [3, 1],
  ] as const)
    expect(padded(padding, groups)).not.toThrow();
});

test.each([-1e-5, Number.NaN])("an epsilon of %d, at the layer", (epsilon) => {
  const message = `epsilon is ${epsilon}: must be a number from 0`;
  expect(
    built((net, x) => net.conv(x, "own.conv", { out: 6, kernel: 1, norm: { name: "own.bn", epsilon } })),
  ).toThrow(`own.bn: ${message}`);
  expect(built((net, x) => net.layerNorm(net.tokens(x), "own.norm", epsilon))).toThrow(
    `own.norm: ${message}`,
  );
});

test.each([-0.1, 1.1, Number.NaN])("a momentum of %d, at the layer", (momentum) => {
  expect(
    built((net, x) => net.conv(x, "own.conv", { out: 6, kernel: 1, norm: { name: "own.bn", momentum } })),
  ).toThrow(`own.bn: momentum is ${momentum}: must be a number from 0 to 1`);
});

test("constants of a norm that are undefined are PyTorch's", () => {
  expect(normOf({ name: "own.bn", ...({ epsilon: undefined, momentum: undefined } as object) })).toEqual({
    name: "own.bn",
    epsilon: 1e-5,
    momentum: 0.1,
  });
});

test.each([0, 1.5])("%d outputs of a fully connected layer", (out) => {
  const message = `own.fc: out is ${out}: must be a whole number from 1`;
  expect(built((net, x) => net.dense(net.tokens(x), "own.fc", { out, initialise: zeros }))).toThrow(message);
  expect(built((net, x) => net.linear(net.vector(x), "own.fc", out))).toThrow(message);
});

test("shares of stochastic depth and probabilities of dropout that there are not, at the layer", () => {
  for (const share of [-0.5, 2, Number.NaN])
    expect(built((net, x) => net.stochasticDepth(x, "own.block", share))).toThrow(
      `own.block: the share of stochastic depth is ${share}: must be a number from 0 to 1`,
    );
  for (const probability of [-0.5, 1, Number.NaN])
    expect(built((net, x) => net.dropout(net.vector(x), "own.dropout", probability))).toThrow(
      `own.dropout: the probability of dropout is ${probability}: must be a number from 0 to below 1`,
    );
});

test("maps of other sizes are not added, nor tokens to maps", () => {
  const thin = (net: Network, x: FeatureMap) => net.conv(x, "own.thin", { out: 1, kernel: 1 });
  expect(built((net, x) => net.add(x, thin(net, x)))).toThrow(
    "own: features of 6 × 8 × 8 and 1 × 8 × 8 cannot be added",
  );
  expect(built((net, x) => net.add(thin(net, x), x))).toThrow("cannot be added");
  expect(built((net, x) => net.add(x, net.pooled(x)))).toThrow("6 × 8 × 8 and 6 × 1 × 1 cannot be added");
  expect(built((net, x) => net.add(net.tokens(x), net.pooledTokens(x)))).toThrow(
    "64 × 6 and 1 × 6 cannot be added",
  );
});

test("maps are scaled by a number for each channel or each pixel, and by nothing else", () => {
  const conv = (net: Network, x: FeatureMap, out: number, kernel: number) =>
    net.conv(x, `own.conv${out}`, { out, kernel });
  expect(built((net, x) => net.scale(x, net.pooled(conv(net, x, 3, 1))))).toThrow(
    "own: features of 6 × 8 × 8 cannot be scaled by 3 × 1 × 1",
  );
  expect(built((net, x) => net.scale(x, conv(net, x, 6, 3)))).toThrow("scaled by 6 × 6 × 6");
  expect(built((net, x) => net.scale(x, conv(net, x, 1, 3)))).toThrow("scaled by 1 × 6 × 6");
  for (const [out, pooled] of [
    [1, false],
    [6, true],
  ] as const)
    expect(built((net, x) => net.scale(x, pooled ? net.pooled(x) : conv(net, x, out, 1)))).not.toThrow();
});

test("one tensor in two shapes", () => {
  expect(
    built((net, x) => {
      const y = net.conv(x, "own.conv", { out: 12, kernel: 1, bias: false });
      net.conv(y, "own.conv", { out: 6, kernel: 1, bias: false });
    }),
  ).toThrow("own.conv.weight is [12, 6, 1, 1] in one layer and [6, 12, 1, 1] in another");
});

test.each<[Partial<PoolOptions>, string]>([
  [{ kernel: 0 }, "maxpool of own: kernel is 0: must be a whole number from 1"],
  [{ stride: 1.5 }, "maxpool of own: stride is 1.5: must be a whole number from 1"],
  [
    { padding: 2 },
    "maxpool of own: padding is 2: must be a whole number from 0 to half of the kernel, which is 3",
  ],
  [{ kernel: 11 }, "maxpool of own: a window of 11 does not fit into 8 pixels with padding 0"],
])("max pooling by %o, at the layer", (options, message) => {
  expect(built((net, x) => net.maxPool(x, { kernel: 3, stride: 2, ...options }))).toThrow(message);
});

test("tokens that are no map of the size", () => {
  expect(built((net, x) => net.maps(net.tokens(x), 4, 4))).toThrow("64 tokens are not maps of 4 × 4 pixels");
});

test("every backbone states what it is good for", () => {
  expect(backbones.filter(({ purpose }) => !purpose).map(({ name }) => name)).toEqual([]);
});
