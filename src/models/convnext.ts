/** ConvNeXt (Liu et al. 2022) with torchvision's structure and names. */

import type { FeatureMap } from "../nn/features.ts";
import { truncatedNormal } from "../nn/initialise.ts";
import type { Network } from "../nn/network.ts";
import { type Backbone, imagenet } from "./backbone.ts";

const EPSILON = 1e-6;
const initialise = truncatedNormal;
const layout = [
  { width: 96, blocks: 3 },
  { width: 192, blocks: 3 },
  { width: 384, blocks: 9 },
  { width: 768, blocks: 3 },
] as const;
const total = layout.reduce((sum, { blocks }) => sum + blocks, 0);

/** A 7×7 depthwise convolution, then two linear layers per pixel, the first four times as wide. */
function block(net: Network, x: FeatureMap, name: string, drop: number): FeatureMap {
  const { channels, height, width } = x;
  const seen = net.conv(x, `${name}.block.0`, {
    out: channels,
    kernel: 7,
    padding: 3,
    groups: channels,
    initialise,
  });
  const normal = net.layerNorm(net.tokens(seen), `${name}.block.2`, EPSILON);
  const wide = net.activate(net.dense(normal, `${name}.block.3`, { out: 4 * channels, initialise }), "gelu");
  const y = net.layerScale(
    net.dense(wide, `${name}.block.5`, { out: channels, initialise }),
    `${name}.layer_scale`,
    [channels, 1, 1],
    1e-6,
  );
  return net.add(x, net.residual(net.maps(y, height, width), name, drop));
}

/** Layer norm over the channels of each pixel. */
function norm(net: Network, x: FeatureMap, name: string): FeatureMap {
  return net.maps(net.layerNorm(net.tokens(x), name, EPSILON), x.height, x.width);
}

export const convnext_tiny: Backbone = {
  name: "convnext_tiny",
  purpose: "more accurate on ImageNet than ResNet50 at a similar cost; needs many images and much compute",
  stages: [...Array.from({ length: 8 }, (_, i) => `features.${i}`), "classifier.0"],
  unfreeze: [
    ["classifier.0", "features.7", "features.6"],
    ["features.5", "features.4"],
    ["features.3", "features.2"],
    ["features.1", "features.0"],
  ],
  features: 768,
  preprocessing: imagenet,
  smallest: 32,
  origin: { library: "torchvision", name: "convnext_tiny", classifier: "classifier.2", poolsInside: false },
  build(net, x) {
    let y = net.stage("features.0", x, (x) => {
      const patches = net.conv(x, "features.0.0", { out: 96, kernel: 4, stride: 4, initialise });
      return norm(net, patches, "features.0.1");
    });
    let done = 0;
    for (const [i, { width, blocks }] of layout.entries()) {
      if (i > 0) {
        const stage = `features.${2 * i}`;
        y = net.stage(stage, y, (x) =>
          net.conv(norm(net, x, `${stage}.0`), `${stage}.1`, {
            out: width,
            kernel: 2,
            stride: 2,
            initialise,
          }),
        );
      }
      const stage = `features.${2 * i + 1}`;
      y = net.stage(stage, y, (input) => {
        let z = input;
        for (let b = 0; b < blocks; b++, done++) z = block(net, z, `${stage}.${b}`, done / (total - 1));
        return z;
      });
    }
    return y;
  },
  pool: (net, x) =>
    net.stage("classifier.0", net.pooledTokens(x), (x) => net.layerNorm(x, "classifier.0", EPSILON)),
};
