/** Residual networks (He et al. 2015) with torchvision's structure and names. */

import type { FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import { type Backbone, imagenet } from "./backbone.ts";

type Block = (net: Network, x: FeatureMap, name: string, width: number, stride: number) => FeatureMap;

/** Two 3×3 convolutions. */
export const basic: Block = (net, x, name, width, stride) => {
  let y = net.conv(x, `${name}.conv1`, { out: width, kernel: 3, stride, padding: 1, norm: `${name}.bn1` });
  y = net.conv(net.relu(y), `${name}.conv2`, { out: width, kernel: 3, padding: 1, norm: `${name}.bn2` });
  return net.relu(net.add(net.residual(y, name), shortcut(net, x, name, width, stride)));
};

/**
 * 1×1, 3×3, 1×1 convolutions, with the stride in the 3×3 one, as in torchvision ("ResNet v1.5"). ResNeXt (Xie et al.
 * 2017) has a grouped 3×3, with this many channels per group in the first stage and twice as many in each further one.
 */
const bottleneck =
  (groups: number, perGroup: number): Block =>
  (net, x, name, width, stride) => {
    const inner = groups === 1 ? width : (width / 64) * perGroup * groups;
    let y = net.conv(x, `${name}.conv1`, { out: inner, kernel: 1, norm: `${name}.bn1` });
    y = net.conv(net.relu(y), `${name}.conv2`, {
      out: inner,
      kernel: 3,
      stride,
      padding: 1,
      groups,
      norm: `${name}.bn2`,
    });
    y = net.conv(net.relu(y), `${name}.conv3`, { out: width * 4, kernel: 1, norm: `${name}.bn3` });
    return net.relu(net.add(net.residual(y, name), shortcut(net, x, name, width * 4, stride)));
  };

/** Returns the block's input, through a 1×1 convolution if the shapes differ. */
function shortcut(net: Network, x: FeatureMap, name: string, out: number, stride: number): FeatureMap {
  if (stride === 1 && x.channels === out) return x;
  return net.conv(x, `${name}.downsample.0`, { out, kernel: 1, stride, norm: `${name}.downsample.1` });
}

function resnet(
  name: string,
  purpose: string,
  block: Block,
  expansion: number,
  depths: readonly number[],
): Backbone {
  return {
    name,
    purpose,
    stages: ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4"],
    unfreeze: [["layer4"], ["layer3"], ["layer2"], ["layer1"], ["conv1", "bn1"]],
    features: 512 * expansion,
    preprocessing: imagenet,
    smallest: 32,
    origin: { library: "torchvision", name, classifier: "fc", poolsInside: false },
    build(net, x) {
      let y = net.stage(["conv1", "bn1"], x, (x) => {
        const stem = net.conv(x, "conv1", { out: 64, kernel: 7, stride: 2, padding: 3, norm: "bn1" });
        return net.maxPool(net.relu(stem), { kernel: 3, stride: 2, padding: 1 });
      });
      for (const [i, depth] of depths.entries()) {
        const layer = `layer${i + 1}`;
        y = net.stage(layer, y, (input) => {
          let z = input;
          for (let b = 0; b < depth; b++)
            z = block(net, z, `${layer}.${b}`, 64 * 2 ** i, b === 0 && i > 0 ? 2 : 1);
          return z;
        });
      }
      return y;
    },
  };
}

const plain = bottleneck(1, 64);

export const resnet18 = resnet(
  "resnet18",
  "a good first network; trains on a CPU in minutes",
  basic,
  1,
  [2, 2, 2, 2],
);
export const resnet34 = resnet("resnet34", "deeper than resnet18 at twice its cost", basic, 1, [3, 4, 6, 3]);
export const resnet50 = resnet(
  "resnet50",
  "the reference network, with the most published weights",
  plain,
  4,
  [3, 4, 6, 3],
);
export const resnet101 = resnet(
  "resnet101",
  "deeper than resnet50 at twice its cost; needs a GPU",
  plain,
  4,
  [3, 4, 23, 3],
);
export const resnet152 = resnet(
  "resnet152",
  "deeper than resnet50 at three times its cost; needs a GPU",
  plain,
  4,
  [3, 8, 36, 3],
);
export const resnext50_32x4d = resnet(
  "resnext50_32x4d",
  "slightly more accurate on ImageNet than resnet50, at the same cost",
  bottleneck(32, 4),
  4,
  [3, 4, 6, 3],
);
