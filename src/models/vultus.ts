/** Compact residual networks for small grey faces, designed for training from scratch on a CPU. */

import type { Backbone } from "./backbone.ts";
import { basic } from "./resnet.ts";

interface Layout {
  readonly stem: { readonly out: number; readonly stride: number };
  /** Channels and number of blocks of each stage, and the stride of its first block. */
  readonly stages: readonly { readonly width: number; readonly blocks: number; readonly stride: number }[];
}

/** A 3×3 stem and stages of residual blocks. */
function vultus(name: string, purpose: string, { stem, stages: layout }: Layout): Backbone {
  const stages = layout.map((_, i) => `layer${i + 1}`);
  return {
    name,
    purpose,
    stages: ["stem", ...stages],
    unfreeze: [...[...stages].reverse().map((stage) => [stage]), ["stem"]],
    features: layout.at(-1)?.width as number,
    // One grey channel, with the mean and deviation of FER2013's training images. Their 48 px are enlarged, because the
    // maps of a stem with stride 2 would otherwise be too coarse.
    preprocessing: { mean: [0.5077], std: [0.255], size: 64 },
    smallest: 16,
    build(net, x) {
      let y = net.stage("stem", x, (x) =>
        net.relu(net.conv(x, "stem.conv", { ...stem, kernel: 3, padding: 1, norm: "stem.bn" })),
      );
      for (const [i, { width, blocks, stride }] of layout.entries()) {
        const stage = stages[i] as string;
        y = net.stage(stage, y, (input) => {
          let x = basic(net, input, `${stage}.0`, width, stride);
          for (let n = 1; n < blocks; n++) x = basic(net, x, `${stage}.${n}`, width, 1);
          return x;
        });
      }
      return y;
    },
  };
}

/** 0.7 M parameters, 55 MMAC at 64 px; below 1.5 MB in half precision. */
export const vultus_s = vultus(
  "vultus_s",
  "faces in web pages and on phones; trains on a CPU from few photos",
  {
    stem: { out: 32, stride: 2 },
    stages: [
      { width: 32, blocks: 1, stride: 1 },
      { width: 64, blocks: 1, stride: 2 },
      { width: 128, blocks: 1, stride: 2 },
      { width: 152, blocks: 1, stride: 2 },
    ],
  },
);

/** 2.2 M parameters, 188 MMAC at 64 px. */
export const vultus_m = vultus(
  "vultus_m",
  "faces, the default choice; trains on a CPU from twenty photos per class",
  {
    stem: { out: 48, stride: 2 },
    stages: [
      { width: 48, blocks: 1, stride: 1 },
      { width: 96, blocks: 2, stride: 2 },
      { width: 160, blocks: 2, stride: 2 },
      { width: 256, blocks: 1, stride: 2 },
    ],
  },
);

/** 3.8 M parameters, 330 MMAC at 64 px; below 8 MB in half precision. */
export const vultus_l = vultus("vultus_l", "faces, when accuracy matters more than speed", {
  stem: { out: 64, stride: 2 },
  stages: [
    { width: 64, blocks: 1, stride: 1 },
    { width: 128, blocks: 2, stride: 2 },
    { width: 208, blocks: 2, stride: 2 },
    { width: 336, blocks: 1, stride: 2 },
  ],
});
