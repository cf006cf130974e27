/** Small backbones in the style of each family, for tests of features that depend on the family. */

import type { Backbone } from "../../src/models/backbone.ts";
import { type Architecture, describe } from "../../src/models/classifier.ts";
import type { FeatureMap, Tokens } from "../../src/nn/features.ts";
import { truncatedNormal } from "../../src/nn/initialise.ts";
import type { Network } from "../../src/nn/network.ts";
import { random } from "../../src/util/random.ts";
import { floatTensor, type StateDict } from "../../src/util/tensor.ts";

const initialise = truncatedNormal;
const preprocessing = { mean: [0.45, 0.45, 0.45], std: [0.25, 0.25, 0.25], size: 32 };
const smallest = 16;

/** Like MobileNetV3 and EfficientNet: depthwise convolutions, gates, and a linear layer after pooling. */
export const mobile: Backbone = {
  name: "own_mobile",
  stages: ["stem", "block", "linear"],
  unfreeze: [["linear", "block"], ["stem"]],
  features: 24,
  preprocessing,
  smallest,
  build(net, x) {
    const stem = net.stage("stem", x, (x) => {
      const y = net.conv(x, "stem.conv", {
        out: 8,
        kernel: 3,
        stride: 2,
        padding: "same",
        norm: "stem.bn",
        columns: true,
      });
      return net.activate(y, "hardSwish");
    });
    return net.stage("block", stem, (x) => {
      const wide = inverted(net, x, "block.0", { stride: 2, out: 12, activation: "relu6" });
      const branch = inverted(net, wide, "block.1", { stride: 1, out: 12, activation: "silu" });
      return net.add(wide, net.stochasticDepth(branch, "block.1", 1));
    });
  },
  pool: (net, x) =>
    net.stage("linear", net.pooled(x as FeatureMap), (x) =>
      net.activate(net.conv(x, "linear.0", { out: 24, kernel: 1 }), "hardSwish"),
    ),
};

function inverted(
  net: Network,
  x: FeatureMap,
  name: string,
  { stride, out, activation }: { stride: number; out: number; activation: "relu6" | "silu" },
): FeatureMap {
  const width = x.channels * 2;
  const expanded = net.activate(
    net.conv(x, `${name}.expand`, { out: width, kernel: 1, norm: `${name}.bn0` }),
    activation,
  );
  const depthwise = net.activate(
    net.conv(expanded, `${name}.depthwise`, {
      out: width,
      kernel: 3,
      stride,
      padding: 1,
      groups: width,
      norm: `${name}.bn1`,
    }),
    activation,
  );
  const squeezed = net.relu(net.conv(net.pooled(depthwise), `${name}.fc1`, { out: 4, kernel: 1 }));
  const gate = net.activate(net.conv(squeezed, `${name}.fc2`, { out: width, kernel: 1 }), "hardSigmoid");
  return net.conv(net.scale(depthwise, gate), `${name}.project`, { out, kernel: 1, norm: `${name}.bn2` });
}

/** Like ResNeXt: convolutions in groups of several channels. */
export const grouped: Backbone = {
  name: "own_grouped",
  stages: ["conv1", "conv2"],
  unfreeze: [["conv2"], ["conv1"]],
  features: 16,
  preprocessing,
  smallest,
  build: (net, x) =>
    [1, 4].reduce(
      (x, groups, i) =>
        net.stage(`conv${i + 1}`, x, (x) => {
          const [out, name] = [8 << i, `conv${i + 1}`] as const;
          return net.relu(
            net.conv(x, name, { out, kernel: 3, stride: 2, padding: 1, groups, norm: `${name}.bn` }),
          );
        }),
      x,
    ),
};

/** Like ConvNeXt: layer norm over channels, and another one after pooling. */
export const next: Backbone = {
  name: "own_next",
  stages: ["stem", "block", "norm"],
  unfreeze: [["norm", "block"], ["stem"]],
  features: 12,
  preprocessing,
  smallest,
  build(net, x) {
    const stem = net.stage("stem", x, (x) =>
      normed(net, net.conv(x, "stem.0", { out: 12, kernel: 4, stride: 4 }), "stem.1"),
    );
    return net.stage("block", stem, (x) => {
      const mixed = net.conv(x, "block.conv", { out: 12, kernel: 7, padding: 3, groups: 12 });
      const branch = mlp(net, net.layerNorm(net.tokens(mixed), "block.norm", 1e-6), "block", 24);
      const scaled = net.layerScale(branch, "block.scale", [12, 1, 1], 0.5);
      return net.add(x, net.stochasticDepth(net.maps(scaled, x.height, x.width), "block", 1));
    });
  },
  pool: (net, x) =>
    net.stage("norm", net.pooled(x as FeatureMap), (x) => net.layerNorm(net.tokens(x), "norm", 1e-6)),
};

const normed = (net: Network, x: FeatureMap, name: string): FeatureMap =>
  net.maps(net.layerNorm(net.tokens(x), name, 1e-6), x.height, x.width);

function mlp(net: Network, x: Tokens, name: string, width: number): Tokens {
  const hidden = net.activate(net.dense(x, `${name}.fc1`, { out: width, initialise }), "gelu");
  return net.dense(hidden, `${name}.fc2`, { out: x.channels, initialise });
}

/** Like ViT: patches of 8 px, a class token, two blocks of attention. */
export const transformer: Backbone = {
  name: "own_transformer",
  stages: ["patches", "blocks.0", "blocks.1", "norm"],
  unfreeze: [["norm", "blocks.1"], ["blocks.0"], ["patches"]],
  features: 16,
  preprocessing,
  smallest,
  explained: "blocks.0",
  build(net, x) {
    const patches = net.stage<FeatureMap, Tokens>("patches", x, (x) => {
      const tokens = net.tokens(net.conv(x, "patches.conv", { out: 16, kernel: 8, stride: 8 }));
      return net.withPositions(net.withClassToken(tokens, "patches.class"), "patches.positions");
    });
    return [0, 1].reduce(
      (x, i) => net.stage(`blocks.${i}`, x, (x) => block(net, x, `blocks.${i}`, i)),
      patches,
    );
  },
  pool: (net, x) => net.stage("norm", x as Tokens, (x) => net.classToken(net.layerNorm(x, "norm", 1e-6))),
};

function block(net: Network, x: Tokens, name: string, share: number): Tokens {
  const asked = net.dense(net.layerNorm(x, `${name}.norm1`, 1e-6), `${name}.qkv`, { out: 48, initialise });
  const mixed = net.dense(net.attention(asked, `${name}.attention`, 2), `${name}.proj`, {
    out: 16,
    initialise,
  });
  const y = net.add(x, net.stochasticDepth(mixed, `${name}.drop1`, share));
  const branch = mlp(net, net.layerNorm(y, `${name}.norm2`, 1e-6), name, 32);
  return net.add(y, net.stochasticDepth(branch, `${name}.drop2`, share));
}

export const families: readonly Backbone[] = [mobile, grouped, next, transformer];

export function familyArchitecture(backbone: Backbone, options: Partial<Architecture> = {}): Architecture {
  const classes = ["a", "b", "c", "d"];
  return { backbone, head: "linear", classes, dropout: 0, inputSize: 32, resize: 1, ...options };
}

/** Weights without zeros or initial values, so that every part of a network affects its output. */
export function livelyWeights(architecture: Architecture): StateDict {
  const weights: StateDict = new Map();
  for (const { name, shape, role } of describe(architecture).specs) {
    const rng = random("lively", name);
    const fan = shape.length > 1 ? shape.slice(1).reduce((a, b) => a * b, 1) : 1;
    const isFactor = name.endsWith(".weight") && shape.length === 1;
    const draw = (): number => {
      if (role === "statistic") return name.endsWith("var") ? rng.uniform(0.7, 1.4) : rng.uniform(-0.2, 0.2);
      if (isFactor) return rng.uniform(0.7, 1.3);
      return shape.length > 1 ? rng.normal() * Math.sqrt(2 / fan) : rng.uniform(-0.2, 0.4);
    };
    weights.set(
      name,
      floatTensor(shape, Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, draw)),
    );
  }
  return weights;
}
