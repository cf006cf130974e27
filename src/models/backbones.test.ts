/** Inputs that networks reject, and the place that the error names. */

import { expect, test } from "vitest";
import { Graph } from "../graph/graph.ts";
import type { ConvOptions, PoolOptions } from "../nn/conv-options.ts";
import { type FeatureMap, pictures } from "../nn/features.ts";
import { zeros } from "../nn/initialise.ts";
import { type Network, weightless } from "../nn/network.ts";
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
