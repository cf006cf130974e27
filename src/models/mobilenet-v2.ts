/** MobileNetV2 (Sandler et al. 2018) with torchvision's structure and names. */

import { type Backbone, imagenet } from "./backbone.ts";
import { invertedResidual, mobileConv } from "./inverted-residual.ts";

/** Expansion, channels, number of blocks, and stride of the first block of each group. */
const groups = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const blocks = groups.flatMap(([expansion, out, count, stride]) =>
  Array.from({ length: count }, (_, i) => ({ expansion, out, stride: i === 0 ? stride : 1 })),
);
const stage = (i: number): string => `features.${i}`;
const range = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, i) => stage(first + i));

export const mobilenet_v2: Backbone = {
  name: "mobilenet_v2",
  purpose: "small and fast; more accurate for its size than MobileNetV1",
  stages: range(0, 18),
  unfreeze: [range(17, 18), range(14, 16), range(11, 13), range(7, 10), range(2, 6), range(0, 1)],
  features: 1280,
  preprocessing: imagenet,
  smallest: 32,
  origin: { library: "torchvision", name: "mobilenet_v2", classifier: "classifier", poolsInside: false },
  build(net, x) {
    let y = net.stage("features.0", x, (x) =>
      mobileConv(
        net,
        x,
        {},
        {
          conv: "features.0.0",
          norm: "features.0.1",
          out: 32,
          kernel: 3,
          stride: 2,
          activation: "relu6",
        },
      ),
    );
    for (const [i, { expansion, out, stride }] of blocks.entries()) {
      const name = `${stage(i + 1)}.conv`;
      // Without an expansion layer, the indices of the following layers shift by one.
      const first = expansion === 1 ? 0 : 1;
      y = net.stage(stage(i + 1), y, (x) =>
        invertedResidual(
          net,
          x,
          {},
          {
            name: stage(i + 1),
            ...(expansion > 1
              ? {
                  expand: {
                    conv: `${name}.0.0`,
                    norm: `${name}.0.1`,
                    out: x.channels * expansion,
                    activation: "relu6" as const,
                  },
                }
              : {}),
            depthwise: {
              conv: `${name}.${first}.0`,
              norm: `${name}.${first}.1`,
              kernel: 3,
              stride,
              activation: "relu6",
            },
            project: { conv: `${name}.${first + 1}`, norm: `${name}.${first + 2}`, out },
          },
        ),
      );
    }
    return net.stage("features.18", y, (x) =>
      mobileConv(
        net,
        x,
        {},
        { conv: "features.18.0", norm: "features.18.1", out: 1280, activation: "relu6" },
      ),
    );
  },
};
