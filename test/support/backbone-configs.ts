/** How `reference/backbone.py` trains each backbone: sizes and rates at which float32 itself is close to float64. */

import type { HeadName } from "../../src/nn/heads.ts";

export interface BackboneConfig {
  readonly model: string;
  /** `all`, or stages joined by `+`. */
  readonly train: string;
  readonly batchnorm: "running" | "batch";
  readonly optimizer: "adamw" | "sgd";
  readonly head?: HeadName;
  /** Further arguments for the script. */
  readonly extra?: readonly string[];
}

const wide = (model: string): BackboneConfig[] =>
  (["layer4", "layer3+layer4", "all"] as const).flatMap((train) =>
    (["running", "batch"] as const).flatMap((batchnorm) =>
      (["adamw", "sgd"] as const).map((optimizer) => ({ model, train, batchnorm, optimizer })),
    ),
  );

/** ResNet50 takes minutes: CI runs the most different of its twelve configurations; VULTUS_FULL=1 runs all. */
const telling = new Set([
  "layer4 running adamw",
  "layer3+layer4 batch sgd",
  "all running sgd",
  "all batch adamw",
]);
const full = process.env.VULTUS_FULL === "1";

/** At the usual rate, PyTorch's own rounding would flip a ReLU of ResNet50; see backbone.py. */
const calmed = (config: BackboneConfig): BackboneConfig =>
  config.batchnorm === "running" && config.optimizer === "adamw"
    ? { ...config, extra: ["--lr", "3e-5", "--eps", "1e-3"] }
    : config;

const resnets: BackboneConfig[] = [
  ...wide("resnet18"),
  ...wide("resnet50")
    .filter(({ train, batchnorm, optimizer }) => full || telling.has(`${train} ${batchnorm} ${optimizer}`))
    .map(calmed),
  { model: "resnet34", train: "all", batchnorm: "running", optimizer: "sgd" },
  // Large enough for Winograd's products in two stages, including the last.
  { model: "resnet18", train: "all", batchnorm: "running", optimizer: "sgd", extra: ["--size", "96"] },
  {
    model: "resnet18",
    train: "layer4",
    batchnorm: "running",
    optimizer: "adamw",
    extra: ["--size", "224", "--batch", "8"],
  },
  {
    model: "resnet18",
    train: "layer4",
    batchnorm: "running",
    optimizer: "sgd",
    head: "reference",
    extra: ["--batch", "16"],
  },
];

/** A configuration on one line: `model train batchnorm optimizer batch`, then the rate and optionally AdamW's epsilon. */
function config(line: string): BackboneConfig {
  const [model = "", train = "", batchnorm, optimizer, batch = "", lr = "", eps] = line.split(" ");
  return {
    model,
    train,
    batchnorm: batchnorm as BackboneConfig["batchnorm"],
    optimizer: optimizer as BackboneConfig["optimizer"],
    // A second thread costs more than it gains on such small maps.
    extra: ["--threads", "1", "--batch", batch, "--lr", lr, ...(eps ? ["--eps", eps] : [])],
  };
}

/** Each family with both optimizers and, if it has batch norm, both kinds of statistics; its larger members once. */
const others = [
  "resnext50_32x4d layer4 running sgd 4 1e-3",
  "resnext50_32x4d layer4 batch adamw 4 4e-4",
  "mobilenet_v1 all running adamw 4 3e-4",
  "mobilenet_v1 blocks.4 running sgd 4 1e-3",
  "mobilenet_v1_vggface2 blocks.4 batch sgd 8 1e-3",
  "mobilenet_v2 features.16+features.17+features.18 running adamw 4 3e-4",
  "mobilenet_v2 features.16+features.17+features.18 batch sgd 8 1e-3",
  "mobilenet_v3_small features.10+features.11+features.12+classifier.0 running adamw 4 3e-4 1e-5",
  "mobilenet_v3_small features.12+classifier.0 batch sgd 8 1e-3",
  "mobilenet_v3_large features.14+features.15+features.16+classifier.0 running sgd 4 1e-3",
  "efficientnet_b0 all running adamw 4 2e-4 1e-5",
  "efficientnet_b0 features.7+features.8 batch sgd 8 1e-3",
  "efficientnet_b1 features.8 running sgd 2 1e-3",
  "efficientnet_b2 features.8 running sgd 2 1e-3",
  "efficientnet_b3 features.8 running sgd 2 1e-3",
  "efficientnet_lite0 blocks.6+conv_head+bn2 running adamw 4 3e-4",
  "efficientnet_lite0 blocks.5+blocks.6+conv_head+bn2 batch sgd 8 1e-3",
  "efficientnet_lite1 blocks.6+conv_head+bn2 running sgd 2 1e-3",
  "efficientnet_lite2 blocks.6+conv_head+bn2 running sgd 2 1e-3",
  "convnext_tiny features.5+features.6+features.7+classifier.0 running adamw 2 4e-4",
  "convnext_tiny features.7+classifier.0 running sgd 2 1e-3",
  "vit_tiny all running adamw 2 4e-4",
  "vit_tiny blocks.10+blocks.11+norm running sgd 2 1e-3",
  "vit_b_16 encoder.layers.encoder_layer_11+encoder.ln running adamw 2 4e-4",
].map(config);

export const backboneConfigs: readonly BackboneConfig[] = [
  ...resnets,
  { model: "squeezenet1_1", train: "all", batchnorm: "running", optimizer: "adamw" },
  ...others,
];

/** Backbones of a library that none of these trains, with the reason. */
export const untrainedHere: Readonly<Record<string, string>> = {
  resnet101: "ResNet50 with more blocks; its tensors are compared",
  resnet152: "ResNet50 with more blocks; its tensors are compared",
};
