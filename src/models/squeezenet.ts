/** SqueezeNet 1.1 (Iandola et al. 2016) with torchvision's structure and names. */

import type { FeatureMap } from "../nn/features.ts";
import { kaimingUniform } from "../nn/initialise.ts";
import type { Network } from "../nn/network.ts";
import { type Backbone, imagenet } from "./backbone.ts";

/** A fire module: `squeeze` 1×1 channels, followed by 1×1 and 3×3 convolutions with `expand` channels each. */
function fire(net: Network, x: FeatureMap, name: string, squeeze: number, expand: number): FeatureMap {
  const initialise = kaimingUniform;
  const s = net.relu(net.conv(x, `${name}.squeeze`, { out: squeeze, kernel: 1, initialise }));
  const one = net.relu(net.conv(s, `${name}.expand1x1`, { out: expand, kernel: 1, initialise }));
  const three = net.relu(
    net.conv(s, `${name}.expand3x3`, { out: expand, kernel: 3, padding: 1, initialise }),
  );
  return net.concat([one, three]);
}

/** Squeeze and expand channels by torchvision's index in `features`; pooling comes before 3, 6 and 9. */
const fires: readonly (readonly [number, number, number])[] = [
  [3, 16, 64],
  [4, 16, 64],
  [6, 32, 128],
  [7, 32, 128],
  [9, 48, 192],
  [10, 48, 192],
  [11, 64, 256],
  [12, 64, 256],
];
const pooledBefore = new Set([3, 6, 9]);

export const squeezenet1_1: Backbone = {
  name: "squeezenet1_1",
  purpose: "small files and label audits; has no batch norm and trains at low learning rates",
  stages: ["features.0", ...fires.map(([position]) => `features.${position}`)],
  unfreeze: [
    ["features.12", "features.11", "features.10", "features.9"],
    ["features.7", "features.6"],
    ["features.4", "features.3"],
    ["features.0"],
  ],
  features: 512,
  preprocessing: imagenet,
  smallest: 32,
  origin: { library: "torchvision", name: "squeezenet1_1", classifier: "classifier", poolsInside: true },
  build(net, x) {
    let y = net.stage("features.0", x, (x) =>
      net.relu(net.conv(x, "features.0", { out: 64, kernel: 3, stride: 2, initialise: kaimingUniform })),
    );
    for (const [position, squeeze, expand] of fires) {
      y = net.stage(`features.${position}`, y, (input) => {
        const z = pooledBefore.has(position)
          ? net.maxPool(input, { kernel: 3, stride: 2, ceil: true })
          : input;
        return fire(net, z, `features.${position}`, squeeze, expand);
      });
    }
    return y;
  },
};
