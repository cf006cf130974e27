/** EfficientNet (Tan and Le 2019) with torchvision's structure and names. */

import { type Backbone, imagenet } from "./backbone.ts";
import { invertedResidual, mobileConv, widened } from "./inverted-residual.ts";

/** Expansion, kernel, stride of the first block, channels and number of blocks of B0's stages; Lite's are the same. */
export const efficientnetStages = [
  [1, 3, 1, 16, 1],
  [6, 3, 2, 24, 2],
  [6, 5, 2, 40, 2],
  [6, 3, 2, 80, 3],
  [6, 5, 1, 112, 3],
  [6, 5, 2, 192, 4],
  [6, 3, 1, 320, 1],
] as const;

/** `width` and `depth` multiply B0's channels and blocks; `size` is the side of the input images. */
interface Scale {
  readonly width: number;
  readonly depth: number;
  readonly size: number;
}

const activation = "silu";

function efficientnet(name: string, purpose: string, { width, depth, size }: Scale): Backbone {
  const layout = efficientnetStages.map(([expansion, kernel, stride, out, blocks]) => ({
    expansion,
    kernel,
    stride,
    out: widened(out, width),
    blocks: Math.ceil(blocks * depth),
  }));
  const total = layout.reduce((sum, { blocks }) => sum + blocks, 0);
  const wide = 4 * widened(320, width);
  return {
    name,
    purpose,
    stages: Array.from({ length: 9 }, (_, i) => `features.${i}`),
    unfreeze: [
      ["features.8", "features.7"],
      ["features.6"],
      ["features.5", "features.4"],
      ["features.3", "features.2"],
      ["features.1", "features.0"],
    ],
    features: wide,
    preprocessing: { ...imagenet, size },
    smallest: 32,
    origin: { library: "torchvision", name, classifier: "classifier", poolsInside: false },
    build(net, x) {
      let y = net.stage("features.0", x, (x) =>
        mobileConv(
          net,
          x,
          {},
          {
            conv: "features.0.0",
            norm: "features.0.1",
            out: widened(32, width),
            kernel: 3,
            stride: 2,
            activation,
          },
        ),
      );
      let done = 0;
      for (const [i, { expansion, kernel, stride, out, blocks }] of layout.entries()) {
        const stage = `features.${i + 1}`;
        y = net.stage(stage, y, (input) => {
          let z = input;
          for (let b = 0; b < blocks; b++, done++) {
            const name = `${stage}.${b}`;
            const layer = (position: number): string =>
              `${name}.block.${position - (expansion === 1 ? 1 : 0)}`;
            const named = (layer: string) => ({ conv: `${layer}.0`, norm: `${layer}.1` });
            z = invertedResidual(
              net,
              z,
              {},
              {
                name,
                ...(expansion > 1
                  ? { expand: { ...named(layer(0)), out: widened(z.channels * expansion), activation } }
                  : {}),
                depthwise: { ...named(layer(1)), kernel, stride: b === 0 ? stride : 1, activation },
                gate: {
                  reduce: `${layer(2)}.fc1`,
                  expand: `${layer(2)}.fc2`,
                  squeezed: Math.max(1, Math.floor(z.channels / 4)),
                  activation,
                  gate: "sigmoid",
                },
                project: { ...named(layer(3)), out },
                drop: done / total,
              },
            );
          }
          return z;
        });
      }
      return net.stage("features.8", y, (x) =>
        mobileConv(net, x, {}, { conv: "features.8.0", norm: "features.8.1", out: wide, activation }),
      );
    },
  };
}

export const efficientnet_b0 = efficientnet(
  "efficientnet_b0",
  "about the accuracy of ResNet50 with a tenth of its multiply-accumulates",
  {
    width: 1,
    depth: 1,
    size: 224,
  },
);
export const efficientnet_b1 = efficientnet("efficientnet_b1", "deeper than b0, for larger images", {
  width: 1,
  depth: 1.1,
  size: 240,
});
export const efficientnet_b2 = efficientnet("efficientnet_b2", "wider and deeper than b1", {
  width: 1.1,
  depth: 1.2,
  size: 288,
});
export const efficientnet_b3 = efficientnet(
  "efficientnet_b3",
  "the most accurate EfficientNet here, and the most expensive",
  {
    width: 1.2,
    depth: 1.4,
    size: 300,
  },
);
