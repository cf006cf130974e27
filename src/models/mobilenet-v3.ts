/** MobileNetV3 (Howard et al. 2019) with torchvision's structure and names. */

import type { Activation } from "../nn/activations.ts";
import { normal } from "../nn/initialise.ts";
import { type Backbone, imagenet } from "./backbone.ts";
import { invertedResidual, type MobileStyle, mobileConv, widened } from "./inverted-residual.ts";

/** Kernel, expanded channels, channels, whether there is a gate, activation and stride. */
type Block = readonly [
  kernel: number,
  wide: number,
  out: number,
  gate: boolean,
  activation: Activation,
  stride: number,
];

const style: MobileStyle = { norm: { epsilon: 0.001, momentum: 0.01 } };

interface Layout {
  readonly blocks: readonly Block[];
  /** Width of the layer after the pooling. */
  readonly hidden: number;
  /** Where recipes split the stages into groups, last ones first. */
  readonly cuts: readonly number[];
}

function mobilenet(name: string, purpose: string, { blocks, hidden, cuts }: Layout): Backbone {
  const last = blocks.length + 1;
  const stages = Array.from({ length: last + 1 }, (_, i) => `features.${i}`);
  const groups = cuts.map((cut, i) => stages.slice(cut, cuts[i - 1] ?? stages.length));
  const wide = 6 * (blocks.at(-1)?.[2] as number);
  return {
    name,
    purpose,
    stages: [...stages, "classifier.0"],
    unfreeze: [["classifier.0", ...(groups[0] as string[])], ...groups.slice(1)],
    features: hidden,
    preprocessing: imagenet,
    smallest: 32,
    origin: { library: "torchvision", name, classifier: "classifier.3", poolsInside: false },
    build(net, x) {
      let y = net.stage("features.0", x, (x) =>
        mobileConv(net, x, style, {
          conv: "features.0.0",
          norm: "features.0.1",
          out: 16,
          kernel: 3,
          stride: 2,
          activation: "hardSwish",
        }),
      );
      for (const [i, [kernel, expanded, out, gated, activation, stride]] of blocks.entries()) {
        const stage = `features.${i + 1}`;
        y = net.stage(stage, y, (x) => {
          const widens = expanded !== x.channels;
          const layer = (position: number): string => `${stage}.block.${position + (widens ? 1 : 0)}`;
          const named = (layer: string) => ({ conv: `${layer}.0`, norm: `${layer}.1` });
          return invertedResidual(net, x, style, {
            name: stage,
            ...(widens ? { expand: { ...named(layer(-1)), out: expanded, activation } } : {}),
            depthwise: { ...named(layer(0)), kernel, stride, activation },
            ...(gated
              ? {
                  gate: {
                    reduce: `${layer(1)}.fc1`,
                    expand: `${layer(1)}.fc2`,
                    squeezed: widened(Math.floor(expanded / 4)),
                    activation: "relu" as const,
                    gate: "hardSigmoid" as const,
                  },
                }
              : {}),
            project: { ...named(layer(gated ? 2 : 1)), out },
          });
        });
      }
      return net.stage(`features.${last}`, y, (x) =>
        mobileConv(net, x, style, {
          conv: `features.${last}.0`,
          norm: `features.${last}.1`,
          out: wide,
          activation: "hardSwish",
        }),
      );
    },
    pool: (net, x) =>
      net.stage("classifier.0", net.pooledTokens(x), (x) =>
        net.activate(net.dense(x, "classifier.0", { out: hidden, initialise: normal(0.01) }), "hardSwish"),
      ),
  };
}

const RE = "relu";
const HS = "hardSwish";

export const mobilenet_v3_small = mobilenet(
  "mobilenet_v3_small",
  "the smallest mobile network; for cameras, old phones and many faces at once",
  {
    hidden: 1024,
    cuts: [10, 7, 4, 2, 0],
    blocks: [
      [3, 16, 16, true, RE, 2],
      [3, 72, 24, false, RE, 2],
      [3, 88, 24, false, RE, 1],
      [5, 96, 40, true, HS, 2],
      [5, 240, 40, true, HS, 1],
      [5, 240, 40, true, HS, 1],
      [5, 120, 48, true, HS, 1],
      [5, 144, 48, true, HS, 1],
      [5, 288, 96, true, HS, 2],
      [5, 576, 96, true, HS, 1],
      [5, 576, 96, true, HS, 1],
    ],
  },
);

export const mobilenet_v3_large = mobilenet(
  "mobilenet_v3_large",
  "more accurate than MobileNetV2 at two thirds of its cost",
  {
    hidden: 1280,
    cuts: [14, 11, 7, 4, 0],
    blocks: [
      [3, 16, 16, false, RE, 1],
      [3, 64, 24, false, RE, 2],
      [3, 72, 24, false, RE, 1],
      [5, 72, 40, true, RE, 2],
      [5, 120, 40, true, RE, 1],
      [5, 120, 40, true, RE, 1],
      [3, 240, 80, false, HS, 2],
      [3, 200, 80, false, HS, 1],
      [3, 184, 80, false, HS, 1],
      [3, 184, 80, false, HS, 1],
      [3, 480, 112, true, HS, 1],
      [3, 672, 112, true, HS, 1],
      [5, 672, 160, true, HS, 2],
      [5, 960, 160, true, HS, 1],
      [5, 960, 160, true, HS, 1],
    ],
  },
);
