/** The objects that PyTorch's pickles refer to: only storages and the tensors that view them. */

import { FormatError } from "../util/errors.ts";
import { type FloatTensor, floatTensor, sizeOf, stridesOf } from "../util/tensor.ts";
import { type ElementType, elementTypes } from "./floats.ts";
import type { Pickled, PickleFunction } from "./pickle.ts";

const storageTypes = new Map<string, ElementType>([
  ["torch.DoubleStorage", elementTypes.float64],
  ["torch.FloatStorage", elementTypes.float32],
  ["torch.HalfStorage", elementTypes.float16],
  ["torch.BFloat16Storage", elementTypes.bfloat16],
  ["torch.LongStorage", elementTypes.int64],
  ["torch.IntStorage", elementTypes.int32],
  ["torch.ShortStorage", elementTypes.int16],
  ["torch.CharStorage", elementTypes.int8],
  ["torch.ByteStorage", elementTypes.uint8],
  ["torch.BoolStorage", elementTypes.bool],
]);

/** Classes that a pickle passes to functions and that need not be called. */
const classes = new Set(["torch.Tensor", "torch.nn.parameter.Parameter"]);

/** PyTorch's own limit on dimensions. */
const MOST_DIMENSIONS = 64;
/** Number of elements that even a small file may contain more than once. */
const FREE_COPIES = 65_536;

/** A storage as referred to by a pickle. */
export interface StorageId {
  readonly key: string;
  readonly type: ElementType;
  /** Number of elements. */
  readonly count: number;
}

/**
 * Parses the persistent id `("storage", type, key, location, count, view)`. `types` collects the type of each
 * storage.
 *
 * @throws FormatError
 */
export function storageId(
  [kind, type, key, , count, view = null]: readonly Pickled[],
  types: Map<string, ElementType>,
): StorageId {
  const known = [...storageTypes.values()].find((one) => one === type);
  if (kind !== "storage" || !known || typeof key !== "string" || !isCount(count))
    throw new FormatError("the pickle refers to an object outside of it that is not a storage");
  if (view !== null)
    throw new FormatError(`storage ${key} views another, as only PyTorch before 0.4 wrote it`);
  if ((types.get(key) ?? known) !== known) throw new FormatError(`storage ${key} has two types`);
  types.set(key, known);
  return { key, type: known, count };
}

/** Finds the functions that build tensors from storages, which `persistent` has converted to float32 arrays. */
export function tensorBuilders(fileLength: number): (name: string) => Pickled | undefined {
  const gather = gatherer(fileLength + FREE_COPIES);
  return finder(([numbers, offset, shape, strides]) => {
    const isValid =
      numbers instanceof Float32Array && isCount(offset) && areCounts(shape) && areCounts(strides);
    if (!isValid || shape.length !== strides.length || shape.length > MOST_DIMENSIONS)
      throw new FormatError("a tensor is not described by a storage, an offset, a size and strides");
    const size = sizeOf(shape);
    const end =
      size === 0
        ? offset
        : shape.reduce((last, n, axis) => last + (n - 1) * (strides[axis] as number), offset + 1);
    // An infinite product times zero is NaN, so only conditions that are true are accepted.
    if (!(size >= 0 && end <= numbers.length)) {
      throw new FormatError(
        `a tensor [${shape.join(", ")}] with strides [${strides.join(", ")}] needs ${end} numbers of its storage, which has ${numbers.length}`,
      );
    }
    const own = stridesOf(shape);
    const isContiguous = size === 0 || shape.every((n, axis) => n === 1 || strides[axis] === own[axis]);
    return floatTensor(
      shape,
      isContiguous ? numbers.subarray(offset, offset + size) : gather(numbers, offset, shape, strides),
    );
  });
}

/**
 * Finds the same functions for a first pass, in which the positions of the storages are not known yet; these build
 * nothing.
 */
export const findNothing = finder(() => null);

function finder(rebuild: PickleFunction): (name: string) => Pickled | undefined {
  const first: PickleFunction = ([tensor = null]) => tensor;
  const functions = new Map<string, PickleFunction>([
    ["torch._utils._rebuild_tensor", rebuild],
    ["torch._utils._rebuild_tensor_v2", rebuild],
    ["torch._utils._rebuild_parameter", first],
    ["torch._utils._rebuild_parameter_with_state", first],
    // Arguments: the function that builds a tensor, its class, the function's arguments, and attributes.
    ["torch._tensor._rebuild_from_type_v2", ([build, , args]) => callWith(build, args)],
    ["torch.Size", ([size = []]) => size],
  ]);
  return (name) => {
    const found = functions.get(name) ?? storageTypes.get(name) ?? (classes.has(name) ? { name } : undefined);
    if (found || !/^torch\.[\w.]*Storage$/.test(name)) return found;
    if (name.startsWith("torch.Q"))
      throw new FormatError(
        `the tensors are quantized (${name}), and training cannot start from them; save those of the model before it was converted`,
      );
    const known = [...storageTypes.keys()].join(", ");
    throw new FormatError(`the storage type ${name} is not supported; valid: ${known}; save tensor.float()`);
  };

  function callWith(build: Pickled | undefined, args: Pickled | undefined): Pickled {
    const known = [rebuild, first].find((one) => one === build);
    if (!known || !Array.isArray(args)) throw new FormatError("a tensor is built by an unknown function");
    return known(args);
  }
}

/**
 * Copies strided tensors into contiguous order, at most `most` numbers in total, so that a small file cannot fill the
 * memory.
 */
function gatherer(most: number) {
  let copied = 0;
  return (
    numbers: Float32Array,
    offset: number,
    shape: readonly number[],
    strides: readonly number[],
  ): Float32Array => {
    const size = sizeOf(shape);
    copied += size;
    if (copied > most)
      throw new FormatError(
        `tensors with strides repeat the file's numbers to more than ${most}; save them contiguous`,
      );
    const out = new Float32Array(size);
    const index = new Array<number>(shape.length).fill(0);
    for (let i = 0, place = offset; i < size; i++) {
      out[i] = numbers[place] as number;
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        place += strides[axis] as number;
        if (++(index[axis] as number) < (shape[axis] as number)) break;
        place -= (strides[axis] as number) * (shape[axis] as number);
        index[axis] = 0;
      }
    }
    return out;
  };
}

export const isTensor = (value: Pickled): value is FloatTensor =>
  (value as Partial<FloatTensor> | null)?.dtype === "float32";

const isCount = (value: Pickled | undefined): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;

const areCounts = (value: Pickled | undefined): value is number[] =>
  Array.isArray(value) && value.every(isCount);
