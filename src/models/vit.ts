/** Vision transformers (Dosovitskiy et al. 2021): `vit_b_16` with torchvision's names, `vit_tiny` with timm's. */

import type { Tokens } from "../nn/features.ts";
import { truncatedNormal, xavierUniform } from "../nn/initialise.ts";
import type { Network } from "../nn/network.ts";
import { GraphError } from "../util/errors.ts";
import { type Backbone, imagenet, symmetric } from "./backbone.ts";

const PATCH = 16;
const DEPTH = 12;
const EPSILON = 1e-6;

/** The names of a library's layers. */
interface Names {
  readonly patches: string;
  readonly classToken: string;
  readonly positions: string;
  readonly block: (i: number) => string;
  readonly norm: string;
  /** Names within a block. */
  readonly norm1: string;
  readonly qkv: { readonly weight: string; readonly bias: string };
  readonly projection: string;
  readonly norm2: string;
  readonly mlp: readonly [string, string];
}

function block(net: Network, x: Tokens, name: string, names: Names, heads: number, drop: number): Tokens {
  const { channels } = x;
  const layer = (part: string): string => `${name}.${part}`;
  const tensors = { weight: layer(names.qkv.weight), bias: layer(names.qkv.bias) };
  const asked = net.dense(net.layerNorm(x, layer(names.norm1), EPSILON), layer("attention"), {
    out: 3 * channels,
    initialise: xavierUniform,
    tensors,
  });
  const seen = net.dense(net.attention(asked, layer("attention"), heads), layer(names.projection), {
    out: channels,
    initialise: xavierUniform,
  });
  const y = net.add(x, net.stochasticDepth(seen, layer("attention"), drop));
  const [first, second] = names.mlp.map(layer) as [string, string];
  const wide = net.dense(net.layerNorm(y, layer(names.norm2), EPSILON), first, {
    out: 4 * channels,
    initialise: xavierUniform,
  });
  const thought = net.dense(net.activate(wide, "gelu"), second, { out: channels, initialise: xavierUniform });
  return net.add(y, net.stochasticDepth(thought, layer("mlp"), drop));
}

function vit(
  about: Pick<Backbone, "name" | "purpose" | "origin" | "preprocessing">,
  { width, heads }: { readonly width: number; readonly heads: number },
  names: Names,
): Backbone {
  const embedding = [names.patches, names.classToken, names.positions];
  const blocks = Array.from({ length: DEPTH }, (_, i) => names.block(i));
  return {
    ...about,
    stages: [...embedding, ...blocks, names.norm],
    unfreeze: [
      [names.norm, ...blocks.slice(10)],
      blocks.slice(7, 10),
      blocks.slice(4, 7),
      blocks.slice(0, 4),
      embedding,
    ],
    features: width,
    smallest: PATCH,
    build(net, x) {
      if (x.height % PATCH !== 0 || x.width % PATCH !== 0) {
        const below = Math.floor(x.height / PATCH) * PATCH;
        throw new GraphError(
          `${about.name} cuts images into patches of ${PATCH} px, but the input size ${x.height} is not a multiple of ${PATCH}: use ${below} or ${below + PATCH}`,
        );
      }
      let y: Tokens = net.stage(embedding, x, (x) => {
        const patches = net.conv(x, names.patches, {
          out: width,
          kernel: PATCH,
          stride: PATCH,
          initialise: truncatedNormal,
        });
        return net.withPositions(net.withClassToken(net.tokens(patches), names.classToken), names.positions);
      });
      for (const [i, name] of blocks.entries())
        y = net.stage(name, y, (x) => block(net, x, name, names, heads, i / (DEPTH - 1)));
      return net.stage(names.norm, y, (x) => net.layerNorm(x, names.norm, EPSILON));
    },
    pool: (net, x) => net.classToken(x as Tokens),
    explained: blocks.at(-2) as string,
  };
}

export const vit_b_16 = vit(
  {
    name: "vit_b_16",
    purpose: "a transformer; needs many images and a GPU",
    preprocessing: imagenet,
    origin: {
      library: "torchvision",
      name: "vit_b_16",
      classifier: "heads",
      poolsInside: false,
      sizeArgument: "image_size",
    },
  },
  { width: 768, heads: 12 },
  {
    patches: "conv_proj",
    classToken: "class_token",
    positions: "encoder.pos_embedding",
    block: (i) => `encoder.layers.encoder_layer_${i}`,
    norm: "encoder.ln",
    norm1: "ln_1",
    qkv: { weight: "self_attention.in_proj_weight", bias: "self_attention.in_proj_bias" },
    projection: "self_attention.out_proj",
    norm2: "ln_2",
    mlp: ["mlp.0", "mlp.3"],
  },
);

export const vit_tiny = vit(
  {
    name: "vit_tiny",
    purpose: "a transformer the size of a mobile network, for trying transformers out",
    preprocessing: { ...symmetric, size: 224 },
    origin: {
      library: "timm",
      name: "vit_tiny_patch16_224",
      classifier: "head",
      poolsInside: false,
      sizeArgument: "img_size",
    },
  },
  { width: 192, heads: 3 },
  {
    patches: "patch_embed.proj",
    classToken: "cls_token",
    positions: "pos_embed",
    block: (i) => `blocks.${i}`,
    norm: "norm",
    norm1: "norm1",
    qkv: { weight: "attn.qkv.weight", bias: "attn.qkv.bias" },
    projection: "attn.proj",
    norm2: "norm2",
    mlp: ["mlp.fc1", "mlp.fc2"],
  },
);
