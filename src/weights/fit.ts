/** Fits published weights to a classifier: all tensors of the backbone must be present in the right shape. */

import type { Origin } from "../models/backbone.ts";
import { type Architecture, type Description, newWeights } from "../models/classifier.ts";
import type { ParameterSpec } from "../nn/parameters.ts";
import { type FloatTensor, floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import { canonicalNames, isOfClassifier, namedBy, unwrapped } from "./canonical-names.ts";
import { type Misfit, refusal } from "./misfit.ts";
import { gridSide, isPositionTable, resizedPositions } from "./position-table.ts";
import { checkValues } from "./values.ts";

export interface Fitted {
  /** The backbone's tensors, and the head's if the file has a head of the same shapes. */
  readonly weights: StateDict;
  /** Notes for the user on what was left out. */
  readonly notes: readonly string[];
}

/** How a head for other classes is adapted: rows of shared classes are kept, and the others are new. */
export interface HeadRows {
  /** Equal for names of one class. */
  readonly keyOf: (className: string) => string;
  /** Draws the new rows. */
  readonly seed: number;
}

/**
 * Returns the tensors of `file` that `architecture` needs; `name` is the file name used in error messages, `classes` are the
 * classes of its head, if known. A head for other classes is left out or, given `rows`, adapted row by row.
 */
export function fitWeights(
  file: StateDict,
  architecture: Architecture,
  { specs }: Description,
  name: string,
  classes?: readonly string[],
  rows?: HeadRows,
): Fitted {
  const { origin } = architecture.backbone;
  const {
    tensors: found,
    prefix,
    passedOver,
  } = unwrapped(
    file,
    architecture,
    specs.map((spec) => spec.name).filter((tensor) => !tensor.startsWith("head.")),
  );
  const theirTensors = canonicalNames(found, architecture);
  const differ = classes !== undefined && classes.join("\n") !== architecture.classes.join("\n");
  const joined = differ && rows ? joinedHead(theirTensors, architecture, specs, classes, rows) : undefined;
  const tensors = joined ? new Map([...theirTensors, ...joined.tensors]) : theirTensors;
  const otherClasses = differ && !joined;
  const weights: StateDict = new Map();
  const resized: string[] = [];
  const misfit: Misfit = { missing: [], misshapen: [], unexpected: [] };
  for (const spec of specs) {
    const tensor = tensors.get(spec.name);
    const head = spec.name.startsWith("head.");
    if (head && otherClasses) continue;
    const fitted = tensor && inShape(tensor, spec, origin);
    if (fitted) {
      weights.set(spec.name, fitted.tensor);
      if (fitted.note) resized.push(fitted.note);
    } else if (!head) {
      if (tensor) misfit.misshapen.push({ spec, shape: tensor.shape });
      else misfit.missing.push(spec);
    }
  }
  // A head is only used as a whole.
  const headSpecs = specs.filter((spec) => spec.name.startsWith("head."));
  const whole = headSpecs.every((spec) => weights.has(spec.name));
  if (!whole) for (const { name } of headSpecs) weights.delete(name);
  const known = new Set(specs.map((spec) => spec.name));
  const isClassifier = (key: string): boolean => isOfClassifier(key, architecture);
  const rest = [...tensors.keys()].filter(
    (key) => !weights.has(key) && !key.endsWith(".num_batches_tracked"),
  );
  const classifier = rest.filter(isClassifier);
  misfit.unexpected.push(...rest.filter((key) => !isClassifier(key) && !known.has(key)));
  if (misfit.missing.length + misfit.misshapen.length + misfit.unexpected.length > 0)
    throw refusal(misfit, found, architecture, name);
  checkValues(weights, name);
  const reason = otherClasses ? `, which distinguishes ${classes.join(", ")}` : "";
  const ofHead = whole
    ? [joined ? joined.note : `the head of ${name} is kept`]
    : otherClasses && rows
      ? [`the head starts fresh: that of ${name} distinguishes ${classes.join(", ")}`]
      : classifier.length > 0
        ? [`left out of ${name}: its own classifier (${classifier.join(", ")})${reason}`]
        : [];
  const library = namedBy(found, architecture);
  const translated = library
    ? [`${name} has ${library} names, which are translated to ${origin?.library}'s`]
    : [];
  const beside =
    passedOver.length > 0 ? [`${name}: took the tensors under "${prefix}", skipped ${few(passedOver)}`] : [];
  return {
    weights,
    notes: [...beside, ...ofHead, ...translated, ...resized.map((note) => `${name}: ${note}`)],
  };
}

/** Lists up to five names, and the number of the others. */
function few(names: readonly string[]): string {
  const more = names.length > 5 ? ` and ${names.length - 5} more` : "";
  return `${names.slice(0, 5).join(", ")}${more}`;
}

/**
 * Returns a tensor in the expected shape: unchanged, with trailing sides of length 1 added or removed, since libraries differ in
 * these, or as a position table for another grid, which a note reports. Returns undefined for any other shape.
 */
function inShape(
  tensor: FloatTensor,
  { name, shape }: ParameterSpec,
  origin: Origin | undefined,
): { readonly tensor: FloatTensor; readonly note?: string } | undefined {
  if (tensor.shape.join() === shape.join()) return { tensor };
  const bare = (sides: readonly number[]): string => sides.join().replace(/(,1)+$/, "");
  if (bare(tensor.shape) === bare(shape)) return { tensor: floatTensor(shape, tensor.data) };
  const [from, to] = [gridSide(tensor.shape), gridSide(shape)];
  if (!isPositionTable(name) || !from || !to || tensor.shape[2] !== shape[2]) return undefined;
  return {
    tensor: resizedPositions(tensor, to, origin?.library ?? "timm"),
    note: `its positions of ${from} × ${from} patches are interpolated to ${to} × ${to}`,
  };
}

/** A head with some rows kept, and the note about it. */
interface JoinedHead {
  readonly tensors: StateDict;
  readonly note: string;
}

/** Returns the last layer with the rows of shared classes; undefined if there are none or the heads differ. */
function joinedHead(
  found: StateDict,
  architecture: Architecture,
  specs: readonly ParameterSpec[],
  theirs: readonly string[],
  { keyOf, seed }: HeadRows,
): JoinedHead | undefined {
  const keys = theirs.map(keyOf);
  const places = architecture.classes.map((name) => keys.indexOf(keyOf(name)));
  const named = (isKept: boolean): string =>
    architecture.classes.filter((_, row) => (places[row] as number) >= 0 === isKept).join(", ");
  if (named(true) === "") return undefined;
  const lastName = specs.at(-1)?.name ?? "";
  const layer = lastName.slice(0, lastName.lastIndexOf(".") + 1);
  const tensors: StateDict = new Map();
  for (const spec of specs.filter((one) => one.name.startsWith(layer))) {
    const tensor = found.get(spec.name);
    if (tensor?.shape.join() !== [theirs.length, ...spec.shape.slice(1)].join()) return undefined;
    tensors.set(spec.name, joinedRows(tensor, newWeights(spec, seed), places));
  }
  const fresh = named(false);
  return { tensors, note: `the head keeps ${named(true)}${fresh ? `; starts fresh for ${fresh}` : ""}` };
}

/** Row `places[i]` of `known` as row i, or that of `drawn` where the place is -1. */
function joinedRows(known: FloatTensor, drawn: FloatTensor, places: readonly number[]): FloatTensor {
  const width = sizeOf(drawn.shape.slice(1));
  const data = Float32Array.from(drawn.data);
  for (const [row, place] of places.entries())
    if (place >= 0) data.set(known.data.subarray(place * width, (place + 1) * width), row * width);
  return floatTensor(drawn.shape, data);
}
