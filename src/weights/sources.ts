/** Where ImageNet weights of each backbone are published, and the preprocessing that belongs to them. */

import { type Backbone, imagenet, type Origin } from "../models/backbone.ts";
import { UsageError } from "../util/errors.ts";

/** What `--weights` may say instead of a path. */
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

/** A file of weights with torchvision's tensor names and values. */
export interface WeightSource extends HubFile {
  /** torchvision's own name of these weights. */
  readonly torchvision: "IMAGENET1K_V1" | "IMAGENET1K_V2";
  /** How torchvision scores them: the shorter side to `resize`, then the square of `crop` in the middle. */
  readonly preprocessing: {
    readonly mean: readonly number[];
    readonly std: readonly number[];
    readonly resize: number;
    readonly crop: number;
    readonly interpolation: "bilinear";
  };
}

/**
 * A repository that timm made of one of torchvision's files. timm loads that file by name into its own ResNet, whose
 * modules are named as torchvision's (`timm/models/resnet.py`), so `model.safetensors` holds torchvision's names. The
 * repositories' `config.json` state mean, std and interpolation, and a crop of 0.875 (224 of 256) for V1 and of 0.965
 * (224 of 232) for V2.
 */
function timm(tag: string, torchvision: WeightSource["torchvision"], resize: number): WeightSource {
  const { mean, std } = imagenet;
  return {
    repo: `timm/${tag}`,
    revision: "main",
    file: "model.safetensors",
    torchvision,
    preprocessing: { mean, std, resize, crop: 224, interpolation: "bilinear" },
  };
}

const v1 = (name: string): WeightSource => timm(`${name}.tv_in1k`, "IMAGENET1K_V1", 256);
const v2 = (name: string): WeightSource => timm(`${name}.tv2_in1k`, "IMAGENET1K_V2", 232);

/** Sources of the backbones that torchvision has weights of. */
export const sources: Readonly<Record<string, readonly WeightSource[]>> = {
  resnet18: [v1("resnet18")],
  resnet34: [v1("resnet34")],
  resnet50: [v1("resnet50"), v2("resnet50")],
  resnet101: [v1("resnet101"), v2("resnet101")],
  resnet152: [v1("resnet152"), v2("resnet152")],
  // timm has no SqueezeNet, and no other repository documents that it holds torchvision's weights.
  squeezenet1_1: [],
};

/**
 * The source of a backbone's ImageNet weights; where there is none the error says what to do instead.
 *
 * `imagenet` means V1. The recipes first train a head on frozen features, and label smoothing, with which V2 was trained
 * and is better on ImageNet itself, makes features that transfer worse (Kornblith, Shlens and Le 2019, "Do Better
 * ImageNet Models Transfer Better?"). And V1 exists for every backbone.
 */
export function weightSource({ name }: Pick<Backbone, "name">, choice: ImagenetName): WeightSource {
  const torchvision = choice === "imagenet-v2" ? "IMAGENET1K_V2" : "IMAGENET1K_V1";
  const published = sources[name];
  const found = published?.find((source) => source.torchvision === torchvision);
  if (found) return found;
  if (!published)
    throw new UsageError(
      `there are no ImageNet weights of ${name}; give a .safetensors file by --weights, or --weights none`,
    );
  if (torchvision === "IMAGENET1K_V2")
    throw new UsageError(`torchvision has no ${torchvision} weights of ${name}; ask for --weights imagenet`);
  throw new UsageError(
    `no repository of the Hugging Face hub is known to hold torchvision's weights of ${name}; write the file with Python:\n` +
      `  ${libraryCommand({ library: "torchvision", name })}\nand give it by --weights ${name}.safetensors`,
  );
}

/** A command that writes the library's own weights of a model to `<name>.safetensors`. */
export function libraryCommand({ library, name }: Pick<Origin, "library" | "name">): string {
  const model =
    library === "torchvision"
      ? `torchvision.models.${name}(weights='IMAGENET1K_V1')`
      : `timm.create_model('${name}', pretrained=True)`;
  return `python -c "import ${library}, safetensors.torch; safetensors.torch.save_file(${model}.state_dict(), '${name}.safetensors')"`;
}
