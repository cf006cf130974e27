/** Describes weights that do not fit a network: which tensors, and which network they belong to. */

import { attentionLayer } from "../models/attention.ts";
import { type Architecture, describe } from "../models/classifier.ts";
import { backbones } from "../models/registry.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { FormatError } from "../util/errors.ts";
import { type StateDict, sizeOf } from "../util/tensor.ts";
import { canonicalNames, isOfClassifier } from "./canonical-names.ts";
import { gridSide, isPositionTable } from "./position-table.ts";

/** The defects of a file's tensors. */
export interface Misfit {
  readonly missing: ParameterSpec[];
  readonly misshapen: { readonly spec: ParameterSpec; readonly shape: readonly number[] }[];
  readonly unexpected: string[];
}

/** The error for them; `name` is the file name in its message. */
export function refusal(
  { missing, misshapen, unexpected }: Misfit,
  found: StateDict,
  architecture: Architecture,
  name: string,
): FormatError {
  const { backbone } = architecture;
  const owners = backbonesOf(found, architecture).filter((owner) => owner !== backbone.name);
  const text = (shape: readonly number[]): string => `[${shape.join(", ")}]`;
  const remedy = (): string => {
    if (owners.length > 0)
      return `its tensors are those of ${owners.join(" or ")}: choose it with --model, or give weights of ${backbone.name}`;
    const names = backbone.origin ? `${backbone.origin.library}'s` : "its own";
    return (
      knownReason({ missing, misshapen, unexpected }, name) ??
      `give weights of ${backbone.name} with ${names} names, or choose the backbone that they belong to with --model`
    );
  };
  return new FormatError(
    [
      `${name} does not fit ${backbone.name}:`,
      ...list(
        "missing",
        missing.map((spec) => `${spec.name} ${text(spec.shape)}`),
      ),
      ...list(
        "misshapen",
        misshapen.map(
          ({ spec, shape }) =>
            `${spec.name} has shape ${text(shape)}, ${backbone.name} expects ${text(spec.shape)}`,
        ),
      ),
      ...list("unexpected", unexpected),
      remedy(),
    ].join("\n"),
  );
}

/** Changes to a network that its tensor names reveal, and how to undo them. */
const changes: readonly (readonly [name: RegExp, remedy: string])[] = [
  [
    /(^|\.)_?flat_param/,
    "it is one process's part of an FSDP model: save it with StateDictType.FULL_STATE_DICT",
  ],
  [
    /\.lora_[AB]\./,
    "it contains LoRA adapters: merge them into the model with merge_and_unload(), and save that",
  ],
  [/_mask$/, "it was pruned: make that permanent with torch.nn.utils.prune.remove, and save it again"],
  [
    /\.parametrizations\.|\.weight_(g|v|orig)$/,
    "its weights are parametrized: call torch.nn.utils.parametrize.remove_parametrizations, remove_weight_norm or remove_spectral_norm, and save it again",
  ],
  [
    /\.(SCB|qweight|weight_scale|zero_point|_packed_params\S*)$/,
    "it is quantized: give the weights from before quantization",
  ],
];

/** The remedy for known kinds of misfits. */
function knownReason({ missing, misshapen, unexpected }: Misfit, name: string): string | undefined {
  const known = changes.find(([pattern]) => unexpected.some((tensor) => pattern.test(tensor)));
  if (known) return known[1];
  if (missing.length > 0 && name.endsWith(".onnx"))
    return "exporters fold and rename weights: give the .pth or .safetensors file that it was exported from";
  const [one, another] = misshapen;
  if (!one || another || missing.length + unexpected.length > 0 || one.spec.shape[1] !== 3) return undefined;
  const channels = one.shape[1];
  const key = `state_dict["${one.spec.name}"]`;
  if (channels === 1)
    return `its first layer is for greyscale images, but vultus's images have 3 channels: convert it in Python: ${key} = ${key}.repeat(1, 3, 1, 1) / 3`;
  return `its first layer was changed, and no backbone of vultus has such a layer: give weights for images of 3 channels and kernels of ${one.spec.shape.slice(2).join(" × ")}`;
}

/**
 * Returns the registered backbones that have exactly these tensors, in their sizes; with any attention, and a position table for
 * any image size.
 */
export function backbonesOf(found: StateDict, architecture: Architecture): string[] {
  return backbones
    .filter((backbone) => {
      const other = { ...architecture, backbone, inputSize: backbone.preprocessing.size };
      const tensors = canonicalNames(found, other);
      const own = describe(other).specs.filter(({ name }) => !name.startsWith("head."));
      const theirs = [...tensors].filter(
        ([name]) =>
          !isOfClassifier(name, other) &&
          attentionLayer(name) === undefined &&
          !name.endsWith(".num_batches_tracked"),
      );
      const sizes = new Map(theirs.map(([name, { shape }]) => [name, sizeFor(name, shape)]));
      return (
        own.length === sizes.size && own.every(({ name, shape }) => sizes.get(name) === sizeFor(name, shape))
      );
    })
    .map(({ name }) => name);
}

/** Returns the size of a tensor, independent of the image size: for a position table, the size of one row. */
function sizeFor(name: string, shape: readonly number[]): number {
  return isPositionTable(name) && gridSide(shape) !== undefined ? (shape[2] as number) : sizeOf(shape);
}

/** Up to five names and how many more there are. */
function list(title: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > 5 ? `\n    and ${names.length - 5} more` : "";
  return [`  ${title}:\n    ${names.slice(0, 5).join("\n    ")}${more}`];
}
