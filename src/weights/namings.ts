/**
 * Handles weights of the same networks under other libraries' names: detects a file's naming, and returns its tensors under the
 * backbone's names. Only equivalent networks are listed, as `test/reference/names.py` verifies.
 */

import type { Origin } from "../models/backbone.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { type LayerNames, liteToTimm, type TorchvisionBlocks, timmToTorchvision } from "./block-names.ts";

/** Names that a file can have in place of those of the backbone's own library. */
export interface Naming {
  /** Their library, for messages. */
  readonly of: string;
  /** The backbone's tensors out of a file with these names. */
  readonly translate: (found: StateDict) => StateDict;
}

interface Entry extends Naming {
  /** The models that these names belong to. */
  readonly library: Origin["library"];
  readonly models: RegExp;
  /** A tensor that only files with these names have. */
  readonly tells: string;
}

/** Renames layers, or whole names; names without a rule are kept. */
function byLayer(namesIn: (names: Iterable<string>) => LayerNames): Naming["translate"] {
  return (found) => {
    const layers = namesIn(found.keys());
    return new Map(
      [...found].map(([name, tensor]) => {
        const dot = name.lastIndexOf(".");
        const layer = layers.get(name.slice(0, dot));
        return [layer === undefined ? name : layer + name.slice(dot), tensor];
      }),
    );
  };
}

/** Applies the first pattern that fits. */
function byPattern(rules: readonly (readonly [RegExp, string | ((...found: string[]) => string)])[]) {
  const renamed = (name: string): string => {
    const rule = rules.find(([pattern]) => pattern.test(name));
    return rule ? name.replace(rule[0], rule[1] as string) : name;
  };
  return (found: StateDict): StateDict =>
    new Map([...found].map(([name, tensor]) => [renamed(name), tensor]));
}

/** torchvision numbers MobileNet's blocks consecutively after the stem. */
const numberedOn: TorchvisionBlocks["block"] = (_stage, _block, position) => `features.${position + 1}`;

const mobilenetV2 = byLayer((names) =>
  timmToTorchvision(names, {
    block: numberedOn,
    inside: "conv",
    flatEnd: true,
    end: (_, blocks) => ({
      conv_head: `features.${blocks + 1}.0`,
      bn2: `features.${blocks + 1}.1`,
      classifier: "classifier.1",
    }),
  }),
);

const mobilenetV3 = byLayer((names) =>
  timmToTorchvision(names, {
    block: numberedOn,
    inside: "block",
    flatEnd: false,
    end: () => ({ conv_head: "classifier.0", classifier: "classifier.3" }),
  }),
);

const efficientnet = byLayer((names) =>
  timmToTorchvision(names, {
    block: (stage, block) => `features.${stage + 1}.${block}`,
    inside: "block",
    flatEnd: false,
    end: (stages) => ({
      conv_head: `features.${stages + 1}.0`,
      bn2: `features.${stages + 1}.1`,
      classifier: "classifier.1",
    }),
  }),
);

const convnext = byPattern([
  [/^stem\.(\d)\./, "features.0.$1."],
  [/^stages\.(\d)\.downsample\./, (_, stage) => `features.${2 * Number(stage)}.`],
  [/^head\.norm\./, "classifier.0."],
  [/^head\.fc\./, "classifier.2."],
  ...(
    [
      ["gamma", "layer_scale"],
      ["conv_dw", "block.0"],
      ["norm", "block.2"],
      ["mlp.fc1", "block.3"],
      ["mlp.fc2", "block.5"],
    ] as const
  ).map(
    ([theirs, ours]) =>
      [
        new RegExp(`^stages\\.(\\d)\\.blocks\\.(\\d+)\\.${theirs.replace(".", "\\.")}\\b`),
        (_: string, stage: string, block: string) => `features.${2 * Number(stage) + 1}.${block}.${ours}`,
      ] as const,
  ),
]);

/** timm's attention holds query, key and value in one matrix, in the order of PyTorch's own. */
const visionTransformer = byPattern([
  [/^cls_token$/, "class_token"],
  [/^pos_embed$/, "encoder.pos_embedding"],
  [/^patch_embed\.proj\./, "conv_proj."],
  [/^norm\./, "encoder.ln."],
  [/^head\./, "heads.head."],
  ...(
    [
      ["norm1.", "ln_1."],
      ["attn.qkv.", "self_attention.in_proj_"],
      ["attn.proj.", "self_attention.out_proj."],
      ["norm2.", "ln_2."],
      ["mlp.fc1.", "mlp.0."],
      ["mlp.fc2.", "mlp.3."],
    ] as const
  ).map(
    ([theirs, ours]) =>
      [
        new RegExp(`^blocks\\.(\\d+)\\.${theirs.replaceAll(".", "\\.")}`),
        `encoder.layers.encoder_layer_$1.${ours}`,
      ] as const,
  ),
]);

/** The file that torchvision downloads has the names of an older version, which its model renames as it reads them. */
const olderTransformer = byPattern([
  [/\.mlp\.linear_1\./, ".mlp.0."],
  [/\.mlp\.linear_2\./, ".mlp.3."],
]);

/** The numbers that `nn.Sequential(*resnet.children())` gives its layers; 2, 3 and 8 have no weights. */
const sequentialResnet = byPattern([
  [/^0\./, "conv1."],
  [/^1\./, "bn1."],
  [/^([4-7])\./, (_, layer) => `layer${Number(layer) - 3}.`],
  [/^9\./, "fc."],
]);

/**
 * Compensates for norms that add another epsilon to the variance: their scale is changed so that they compute the same from
 * running statistics.
 */
function withEpsilon(tensors: StateDict, from: number, to: number): StateDict {
  const result = new Map(tensors);
  for (const [name, variance] of tensors) {
    if (!name.endsWith(".running_var")) continue;
    const scaleName = name.replace(/running_var$/, "weight");
    const scale = tensors.get(scaleName);
    if (scale?.data.length !== variance.data.length) continue;
    const factor = (i: number): number => {
      const v = variance.data[i] as number;
      return Math.sqrt((v + to) / (v + from));
    };
    result.set(
      scaleName,
      floatTensor(
        scale.shape,
        scale.data.map((value, i) => value * factor(i)),
      ),
    );
  }
  return result;
}

const entries: readonly Entry[] = [
  {
    ...{ library: "torchvision", models: /^mobilenet_v2$/, of: "timm's", tells: "conv_stem.weight" },
    translate: mobilenetV2,
  },
  {
    ...{ library: "torchvision", models: /^mobilenet_v3_/, of: "timm's", tells: "conv_stem.weight" },
    translate: (found) => withEpsilon(mobilenetV3(found), 1e-5, 1e-3),
  },
  {
    ...{ library: "torchvision", models: /^efficientnet_b[0-3]$/, of: "timm's", tells: "conv_stem.weight" },
    translate: efficientnet,
  },
  {
    ...{ library: "torchvision", models: /^convnext_/, of: "timm's", tells: "stem.0.weight" },
    translate: convnext,
  },
  {
    ...{ library: "torchvision", models: /^vit_/, of: "timm's", tells: "patch_embed.proj.weight" },
    translate: visionTransformer,
  },
  {
    ...{ library: "torchvision", models: /^vit_/, of: "torchvision's older" },
    tells: "encoder.layers.encoder_layer_0.mlp.linear_1.weight",
    translate: olderTransformer,
  },
  {
    ...{ library: "torchvision", models: /^(wide_)?res(net|next)\d/, of: "nn.Sequential's" },
    tells: "4.0.conv1.weight",
    translate: sequentialResnet,
  },
  {
    ...{ library: "timm", models: /^tf_efficientnet_lite/, of: "efficientnet_lite_pytorch's" },
    tells: "_conv_stem.weight",
    translate: byLayer(liteToTimm),
  },
];

/** The naming of a file, if it differs from that of the backbone's library. */
export function foreignNaming(found: StateDict, origin: Origin | undefined): Naming | undefined {
  return namingsOf(origin).find(({ tells }) => found.has(tells));
}

/** Returns the prefixes of such names. */
export function foreignPrefixes(names: Iterable<string>, origin: Origin | undefined): string[] {
  const ends = namingsOf(origin).map(({ tells }) => tells);
  return [...names].flatMap((name) => {
    const end = ends.find((one) => name === one || name.endsWith(`.${one}`));
    return end === undefined ? [] : [name.slice(0, -end.length)];
  });
}

const namingsOf = (origin: Origin | undefined): readonly Entry[] =>
  entries.filter(({ library, models }) => library === origin?.library && models.test(origin.name));
