/** Finds the dictionaries of tensors in a file of torch.save, and the one that contains the model's weights. */

import { FormatError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { Opaque, type Pickled } from "./pickle.ts";
import { isTensor } from "./pytorch-objects.ts";

/** Usual keys of the model's weights, the most common first. */
const usual = [
  ...["state_dict", "model_state_dict", "model", "module", "net", "network", "weights", "params"],
  ...["student", "backbone", "trunk", "encoder", "best"],
];
/** Keys of averaged weights, and of networks that track another one: used only if there is nothing else. */
const following =
  /(^|[._])(ema|averaged?|avg|swa|shadow|teacher|target|momentum|key)([._]|$)|(^|\.)encoder_k(\.|$)/i;

/** Whether weights under this name track the weights of another network in the same file. */
export const followsAnother = (name: string): boolean => following.test(name);

/** Maximum depth of nested dictionaries and lists to search. */
const DEEPEST = 8;

interface Found {
  /** The keys that lead to it. */
  readonly path: readonly string[];
  readonly tensors: StateDict;
  /** Values among the tensors that were created by an unknown class or function. */
  readonly opaque: ReadonlyMap<string, Opaque>;
}

/**
 * Returns the weights of the model, with a note if there are other dictionaries of tensors. Of several dictionaries, it takes the
 * one with the most common key for weights; without such a key, the one with most tensors. Averages and teachers come last.
 *
 * @throws FormatError if there are no tensors, or tensors of an unsupported kind.
 */
export function tensorsIn(value: Pickled, file: string): { tensors: StateDict; notes: string[] } {
  const found = dictionariesIn(value).filter(
    ({ path }) => !path.some((key) => /optim|sched|scaler/i.test(key)),
  );
  const best = found
    .filter(({ tensors }) => tensors.size > 0)
    .toSorted((a, b) => rank(a) - rank(b) || b.tensors.size - a.tensors.size)[0];
  const isEmpty = !best || [...best.tensors.values()].every(({ data }) => data.length === 0);
  if (isEmpty && value instanceof Map && value.has("ds_version"))
    throw new FormatError(
      `${file} is one part of a DeepSpeed ZeRO checkpoint; join the parts in the checkpoint's folder: python zero_to_fp32.py . weights.pth`,
    );
  if (!best) throw nothingIn(value, found, file);
  for (const [name, { of }] of best.opaque) if (isOtherTensor(of)) throw otherTensor(name, of, file);
  // A best loss next to the weights is not an alternative.
  const others = found
    .filter((one) => one !== best && 2 * one.tensors.size >= best.tensors.size)
    .map(({ path }) => (path.length > 0 ? `"${path.join(".")}"` : "the outermost dictionary"));
  const notes =
    others.length === 0
      ? []
      : [`${file}: took the tensors of "${best.path.join(".")}", skipped those of ${others.join(", ")}`];
  return { tensors: best.tensors, notes };
}

/**
 * Ranks a dictionary by how unusual its key is. One that contains other dictionaries and single tensors, such as a best loss,
 * comes after named ones.
 */
function rank({ path }: Found): number {
  const places = path.map((key) => usual.indexOf(key)).filter((place) => place >= 0);
  const own = places.length > 0 ? Math.max(...places) : usual.length;
  return path.some(followsAnother) ? own + 2 * usual.length : own;
}

const isOtherTensor = (of: string): boolean => /^torch\..*(\._rebuild_\w+|Tensor)$/.test(of);

function otherTensor(name: string, of: string, file: string): FormatError {
  const kinds: readonly (readonly [RegExp, string])[] = [
    [/qtensor/, "is quantized; save the weights of the model before it was converted"],
    [/sparse/, "is sparse; save tensor.to_dense()"],
    [/meta_tensor/, "has no values (a meta tensor); save the model once its weights are loaded"],
    [/distributed/, "is one part of a tensor that several processes hold; save the full state_dict"],
  ];
  const what = kinds.find(([pattern]) => pattern.test(of))?.[1];
  return new FormatError(
    `${file}: the tensor ${name} ${what ?? "is of a kind that vultus does not read; save tensor.detach().clone()"} (${of})`,
  );
}

/** Returns the error for a file without named tensors. */
function nothingIn(value: Pickled, found: readonly Found[], file: string): FormatError {
  const loaded = `torch.load("${file}", map_location="cpu", weights_only=False)`;
  const saved = (what: string): string => `in Python: torch.save(${what}, "weights.pth")`;
  if (value instanceof Opaque && value.of.startsWith("fastai."))
    return new FormatError(
      `${file} is a Learner of fastai, not its weights; if you trust it, convert it ${saved(`load_learner("${file}").model.state_dict()`)}`,
    );
  for (const { path, opaque } of found) {
    const other = [...opaque].find(([, { of }]) => isOtherTensor(of));
    if (other) return otherTensor(other[0], other[1].of, file);
    const arrays = [...opaque.values()].filter(({ of }) => of.startsWith("numpy."));
    if (arrays.length > 1) {
      const inner = `${loaded}${path.map((key) => `["${key}"]`).join("")}`;
      return new FormatError(
        `${file} contains NumPy arrays, not PyTorch tensors; convert them ${saved(`{k: torch.from_numpy(v) for k, v in ${inner}.items()}`)}`,
      );
    }
  }
  const model = wholeModel(value);
  if (model)
    return new FormatError(
      `${file} contains a whole object (${model.of}), but vultus reads only weights; if you trust it, convert it where its class is installed, ` +
        saved(`${loaded}${model.at}.state_dict()`),
    );
  if (hasUnnamed(value))
    return new FormatError(
      `${file} contains tensors without names, such as the shadow_params of torch_ema; copy them into the model and save model.state_dict()`,
    );
  if (!(value instanceof Map))
    return new FormatError(
      `${file} contains no state_dict; save one with torch.save(model.state_dict(), "weights.pth")`,
    );
  const keys = [...value.keys()].filter((key) => typeof key === "string").slice(0, 5);
  return new FormatError(
    `${file} contains no tensors, only ${keys.join(", ").slice(0, 100) || "a dictionary without names"}; save model.state_dict()`,
  );
}

/** Finds an object of a custom class that was saved instead of weights, and the Python expression for it. */
function wholeModel(value: Pickled): { readonly of: string; readonly at: string } | undefined {
  const entries: (readonly [string, Pickled])[] =
    value instanceof Opaque
      ? [["", value]]
      : value instanceof Map
        ? [...value].flatMap(([key, entry]) =>
            typeof key === "string" ? [[`[${JSON.stringify(key)}]`, entry] as const] : [],
          )
        : Array.isArray(value)
          ? value.map((entry, i) => [`[${i}]`, entry] as const)
          : [];
  for (const [at, entry] of entries)
    if (
      entry instanceof Opaque &&
      !/^(numpy|builtins|__builtin__|collections|pathlib|argparse)\./.test(entry.of)
    )
      return { of: entry.of, at };
  return undefined;
}

/** Whether the value contains a list of tensors. */
function hasUnnamed(value: Pickled): boolean {
  const lists = value instanceof Map ? [...value.values()] : [value];
  return lists.some((list) => Array.isArray(list) && list.some(isTensor));
}

/** Returns every dictionary that contains named tensors, or values that may represent tensors, breadth first. */
function dictionariesIn(value: Pickled): Found[] {
  const found: Found[] = [];
  const seen = new Set<Pickled>();
  let level: { path: readonly string[]; value: Pickled }[] = [{ path: [], value }];
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const below: typeof level = [];
    for (const { path, value } of level) {
      if (!(value instanceof Map || Array.isArray(value)) || seen.has(value)) continue;
      seen.add(value);
      const tensors: StateDict = new Map();
      const opaque = new Map<string, Opaque>();
      for (const [key, entry] of value.entries()) {
        const name = Array.isArray(value) ? `${key as number}` : key;
        if (typeof name !== "string") continue;
        if (isTensor(entry)) {
          if (value instanceof Map) tensors.set(name, entry);
        } else if (entry instanceof Map || Array.isArray(entry)) {
          if (entry instanceof Opaque) opaque.set(name, entry);
          below.push({ path: [...path, name], value: entry });
        }
      }
      if (tensors.size + opaque.size > 0) found.push({ path, tensors, opaque });
    }
    level = below;
  }
  return found;
}
