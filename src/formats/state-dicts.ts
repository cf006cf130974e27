/** The dictionaries of tensors in what torch.save wrote, and which of them holds the weights of the model. */

import { FormatError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import type { Pickled } from "./pickle.ts";
import { isTensor } from "./pytorch-objects.ts";

/** What programs call the model's weights, the most usual first; then what they call averages of them. */
const usual = [
  ...[
    "state_dict",
    "model_state_dict",
    "model",
    "module",
    "net",
    "network",
    "weights",
    "params",
    "backbone",
    "encoder",
  ],
  ...["state_dict_ema", "model_ema", "ema_state_dict", "ema_model", "ema", "params_ema"],
];
/** Dictionaries within dictionaries that are looked into. */
const DEEPEST = 4;

interface Found {
  /** The keys on the way to it. */
  readonly path: readonly string[];
  readonly tensors: StateDict;
}

/**
 * The weights of the model, with a note where other dictionaries of tensors lie beside them. Of several the one is taken whose key
 * is most usual for weights; where none has such a key, the one with most tensors.
 *
 * @throws FormatError where there are no tensors.
 */
export function tensorsIn(value: Pickled, file: string): { tensors: StateDict; notes: string[] } {
  const found = dictionariesIn(value).filter(
    ({ path }) => !path.some((key) => /optim|sched|scaler/i.test(key)),
  );
  const best = found.toSorted((a, b) => rank(a) - rank(b) || b.tensors.size - a.tensors.size)[0];
  if (best) {
    // A best loss beside the weights is no choice.
    const others = found
      .filter((one) => one !== best && 2 * one.tensors.size >= best.tensors.size)
      .map(({ path }) => (path.length > 0 ? `"${path.join(".")}"` : "the outermost dictionary"));
    const notes =
      others.length === 0
        ? []
        : [
            `${file}: took the tensors of "${best.path.join(".")}", passed over those of ${others.join(", ")}`,
          ];
    return { tensors: best.tensors, notes };
  }
  if (!(value instanceof Map))
    throw new FormatError(`${file} holds no state_dict; save one with torch.save(model.state_dict(), …)`);
  const keys = [...value.keys()].filter((key) => typeof key === "string").slice(0, 5);
  throw new FormatError(
    `${file} holds no tensors, only ${keys.join(", ").slice(0, 100) || "a dictionary without names"}; save model.state_dict()`,
  );
}

/** How unusual its key is. A dictionary that holds others and single tensors, such as a best loss, comes after named ones. */
function rank({ path }: Found): number {
  const places = path.map((key) => usual.indexOf(key)).filter((place) => place >= 0);
  return places.length > 0 ? Math.max(...places) : usual.length;
}

/** Every dictionary that holds tensors by name, breadth first. */
function dictionariesIn(value: Pickled): Found[] {
  const found: Found[] = [];
  const seen = new Set<Pickled>();
  let level: { path: readonly string[]; value: Pickled }[] = [{ path: [], value }];
  for (let depth = 0; depth <= DEEPEST; depth++) {
    const below: typeof level = [];
    for (const { path, value } of level) {
      if (!(value instanceof Map) || seen.has(value)) continue;
      seen.add(value);
      const tensors: StateDict = new Map();
      for (const [key, entry] of value) {
        if (typeof key !== "string") continue;
        if (isTensor(entry)) tensors.set(key, entry);
        else below.push({ path: [...path, key], value: entry });
      }
      if (tensors.size > 0) found.push({ path, tensors });
    }
    level = below;
  }
  return found;
}
