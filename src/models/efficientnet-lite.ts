/**
 * EfficientNet-Lite (Google, 2020): EfficientNet without gates and with ReLU6, for int8 and mobile devices. It has the
 * structure and names of timm's `tf_efficientnet_lite0` to `lite4`.
 */

import { type Backbone, efficientnetLite } from "./backbone.ts";
import { efficientnetStages } from "./efficientnet.ts";
import { invertedResidual, type MobileStyle, mobileConv, widened } from "./inverted-residual.ts";

const style: MobileStyle = { same: true, norm: { epsilon: 1e-3 } };
const activation = "relu6";

function lite(
  name: string,
  purpose: string,
  scale: { width: number; depth: number; size: number },
): Backbone {
  const { width, depth, size } = scale;
  const layout = efficientnetStages.map(([expansion, kernel, stride, out, blocks], i) => ({
    expansion,
    kernel,
    stride,
    out: widened(out, width),
    // The first and the last stage keep their number of blocks.
    blocks: i === 0 || i === efficientnetStages.length - 1 ? blocks : Math.ceil(blocks * depth),
  }));
  const total = layout.reduce((sum, { blocks }) => sum + blocks, 0);
  const stages = layout.map((_, i) => `blocks.${i}`);
  return {
    name,
    purpose,
    stages: ["conv_stem", "bn1", ...stages, "conv_head", "bn2"],
    unfreeze: [
      ["conv_head", "bn2", "blocks.6"],
      ["blocks.5"],
      ["blocks.4", "blocks.3"],
      ["blocks.2", "blocks.1"],
      ["blocks.0", "conv_stem", "bn1"],
    ],
    features: 1280,
    preprocessing: { ...efficientnetLite, size },
    smallest: 32,
    origin: { library: "timm", name: `tf_${name}`, classifier: "classifier", poolsInside: false },
    build(net, x) {
      let y = net.stage(["conv_stem", "bn1"], x, (x) =>
        mobileConv(net, x, style, {
          conv: "conv_stem",
          norm: "bn1",
          out: 32,
          kernel: 3,
          stride: 2,
          activation,
        }),
      );
      let done = 0;
      for (const [i, { expansion, kernel, stride, out, blocks }] of layout.entries()) {
        y = net.stage(`blocks.${i}`, y, (input) => {
          let z = input;
          for (let b = 0; b < blocks; b++, done++) {
            const name = `blocks.${i}.${b}`;
            const widens = expansion > 1;
            z = invertedResidual(net, z, style, {
              name,
              ...(widens
                ? {
                    expand: {
                      conv: `${name}.conv_pw`,
                      norm: `${name}.bn1`,
                      out: widened(z.channels * expansion),
                      activation,
                    },
                  }
                : {}),
              depthwise: {
                conv: `${name}.conv_dw`,
                norm: `${name}.${widens ? "bn2" : "bn1"}`,
                kernel,
                stride: b === 0 ? stride : 1,
                activation,
              },
              project: {
                conv: `${name}.${widens ? "conv_pwl" : "conv_pw"}`,
                norm: `${name}.${widens ? "bn3" : "bn2"}`,
                out,
              },
              drop: done / total,
            });
          }
          return z;
        });
      }
      return net.stage(["conv_head", "bn2"], y, (x) =>
        mobileConv(net, x, style, { conv: "conv_head", norm: "bn2", out: 1280, activation }),
      );
    },
  };
}

export const efficientnet_lite0 = lite(
  "efficientnet_lite0",
  "int8 and mobile devices; has no gates and no exponentials",
  {
    width: 1,
    depth: 1,
    size: 224,
  },
);
export const efficientnet_lite1 = lite("efficientnet_lite1", "deeper than lite0, for larger images", {
  width: 1,
  depth: 1.1,
  size: 240,
});
export const efficientnet_lite2 = lite("efficientnet_lite2", "wider than lite1", {
  width: 1.1,
  depth: 1.2,
  size: 260,
});
