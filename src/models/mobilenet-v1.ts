/** MobileNet (Howard et al. 2017) with timm's structure and names (`mobilenetv1_100`). */

import type { FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import { type Backbone, type Preprocessing, symmetric } from "./backbone.ts";
import { type MobileStyle, mobileConv } from "./inverted-residual.ts";

/** Channels, number of blocks, and stride of the first block of each stage. */
const layout = [
  { out: 64, blocks: 1, stride: 1 },
  { out: 128, blocks: 2, stride: 2 },
  { out: 256, blocks: 2, stride: 2 },
  { out: 512, blocks: 6, stride: 2 },
  { out: 1024, blocks: 2, stride: 2 },
] as const;

/** A depthwise and a 1×1 convolution. */
function separable(
  net: Network,
  x: FeatureMap,
  style: MobileStyle,
  name: string,
  out: number,
  stride: number,
): FeatureMap {
  const seen = mobileConv(net, x, style, {
    conv: `${name}.conv_dw`,
    norm: `${name}.bn1`,
    out: x.channels,
    groups: x.channels,
    kernel: 3,
    stride,
    activation: "relu6",
  });
  return mobileConv(net, seen, style, {
    conv: `${name}.conv_pw`,
    norm: `${name}.bn2`,
    out,
    activation: "relu6",
  });
}

function mobilenet(
  about: Pick<Backbone, "name" | "purpose" | "origin" | "foldedNorms">,
  preprocessing: Preprocessing,
  style: MobileStyle,
): Backbone {
  const stages = layout.map((_, i) => `blocks.${i}`);
  return {
    ...about,
    stages: ["conv_stem", "bn1", ...stages],
    unfreeze: [...[...stages].reverse().map((stage) => [stage]), ["conv_stem", "bn1"]],
    features: 1024,
    preprocessing,
    smallest: 32,
    build(net, x) {
      let y = net.stage(["conv_stem", "bn1"], x, (x) =>
        mobileConv(net, x, style, {
          conv: "conv_stem",
          norm: "bn1",
          out: 32,
          kernel: 3,
          stride: 2,
          activation: "relu6",
        }),
      );
      for (const [i, { out, blocks, stride }] of layout.entries()) {
        y = net.stage(`blocks.${i}`, y, (input) => {
          let z = input;
          for (let b = 0; b < blocks; b++)
            z = separable(net, z, style, `blocks.${i}.${b}`, out, b === 0 ? stride : 1);
          return z;
        });
      }
      return y;
    },
  };
}

export const mobilenet_v1 = mobilenet(
  {
    name: "mobilenet_v1",
    purpose: "fast on any device, simple enough for int8",
    origin: { library: "timm", name: "mobilenetv1_100", classifier: "classifier", poolsInside: false },
  },
  { ...symmetric, size: 224 },
  {},
);

/**
 * The variant trained on faces (VGGFace2) in TensorFlow: pixels minus means, and TensorFlow's padding. Its pixels
 * ranged from -124 to 151, so its first weights are a hundredth of the usual size, and a step of AdamW would change
 * them by a large part. Here pixels are divided by 64, and `weights/variants.ts` multiplies these weights by 64.
 */
export const mobilenet_v1_vggface2 = mobilenet(
  {
    name: "mobilenet_v1_vggface2",
    purpose: "a MobileNet with published weights for faces (VGGFace2)",
    foldedNorms: true,
    origin: {
      ...{ library: "timm", name: "mobilenetv1_100", arguments: 'pad_type="same"' },
      ...{ classifier: "classifier", poolsInside: false },
    },
  },
  { mean: [123.68 / 255, 116.779 / 255, 103.939 / 255], std: [64 / 255, 64 / 255, 64 / 255], size: 224 },
  { same: true },
);
