/** Compact residual networks for grey faces of 48 px, made to be trained from scratch on a CPU. */

import type { FeatureMap } from "../nn/features.ts";
import type { Network } from "../nn/network.ts";
import type { Backbone } from "./backbone.ts";

/** Two 3×3 convolutions beside the input, which passes a 1×1 convolution where the sizes differ. */
function block(net: Network, x: FeatureMap, name: string, out: number, stride: number): FeatureMap {
  let y = net.conv(x, `${name}.conv1`, { out, kernel: 3, stride, padding: 1, norm: `${name}.bn1` });
  y = net.conv(net.relu(y), `${name}.conv2`, { out, kernel: 3, padding: 1, norm: `${name}.bn2` });
  const same = stride === 1 && x.channels === out;
  const shortcut = same
    ? x
    : net.conv(x, `${name}.downsample.0`, { out, kernel: 1, stride, norm: `${name}.downsample.1` });
  return net.relu(net.add(y, shortcut));
}

/** A 3×3 stem and one block a stage; every stage from the second on halves the picture. */
function vultus(name: string, stem: number, widths: readonly number[]): Backbone {
  const stages = widths.map((_, i) => `layer${i + 1}`);
  return {
    name,
    stages: ["stem", ...stages],
    unfreeze: [...[...stages].reverse().map((stage) => [stage]), ["stem"]],
    features: widths.at(-1) as number,
    // One grey channel; mean and deviation of FER2013's training pictures.
    preprocessing: { mean: [0.5077], std: [0.255], size: 48 },
    smallest: 16,
    build(net, x) {
      let y = net.stage("stem", x, (x) =>
        net.relu(net.conv(x, "stem.conv", { out: stem, kernel: 3, stride: 2, padding: 1, norm: "stem.bn" })),
      );
      for (const [i, width] of widths.entries()) {
        const stage = stages[i] as string;
        y = net.stage(stage, y, (input) => block(net, input, `${stage}.0`, width, i === 0 ? 1 : 2));
      }
      return y;
    },
  };
}

export const vultus_s = vultus("vultus_s", 32, [32, 64, 128, 160]);
