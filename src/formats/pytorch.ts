/**
 * PyTorch's `.pth` and `.pt` files: a zip archive with a pickle and one entry per storage, or, before PyTorch 1.6,
 * pickles followed by the storages. Only tensors and dictionaries are built, and nothing of the pickle is executed.
 */

import { FormatError } from "../util/errors.ts";
import { fromBfloat16, fromFloat16 } from "../util/half.ts";
import { type FloatTensor, floatTensor, type StateDict, sizeOf, stridesOf } from "../util/tensor.ts";
import { type Allowed, type Pickled, readPickle } from "./pickle.ts";
import { readStoredZip } from "./zip.ts";

export interface PytorchContent {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The entry of an archive in which vultus keeps its metadata; torch.load does not look at it. */
export const METADATA_ENTRY = "vultus.json";

/** Storage types that become float32: bytes per element, and how to read the one at a byte. */
const storages: Readonly<Record<string, StorageType>> = {
  Float: { width: 4, read: (view, at) => view.getFloat32(at, true) },
  Double: { width: 8, read: (view, at) => view.getFloat64(at, true) },
  Half: { width: 2, read: (view, at) => fromFloat16(view.getUint16(at, true)) },
  BFloat16: { width: 2, read: (view, at) => fromBfloat16(view.getUint16(at, true)) },
  Long: { width: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  Int: { width: 4, read: (view, at) => view.getInt32(at, true) },
  Short: { width: 2, read: (view, at) => view.getInt16(at, true) },
  Char: { width: 1, read: (view, at) => view.getInt8(at) },
  Byte: { width: 1, read: (view, at) => view.getUint8(at) },
  Bool: { width: 1, read: (view, at) => view.getUint8(at) },
};

interface StorageType {
  readonly width: number;
  readonly read: (view: DataView, at: number) => number;
}

/** A storage that a pickle refers to. */
interface StorageRef {
  readonly kind: "storage";
  readonly type: StorageType;
  readonly key: string;
  /** Elements. */
  readonly count: number;
}

/** A tensor that a pickle describes: a view of a storage. */
interface TensorRef {
  readonly kind: "tensor";
  readonly storage: StorageRef;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

const isStorage = (value: unknown): value is StorageRef => (value as StorageRef | null)?.kind === "storage";
const isTensor = (value: unknown): value is TensorRef => (value as TensorRef | null)?.kind === "tensor";

/**
 * The tensors of a file that `torch.save` wrote from a state_dict, alone or under `state_dict`, `model_state_dict` or
 * `model`; every dtype becomes float32. `file` is what errors call it. `owned` says that nobody else uses `bytes`: numbers
 * of the older format, which lie at any byte, are then moved to where they can be viewed, instead of being copied.
 *
 * @throws FormatError that names the byte or the tensor.
 */
export function decodePytorch(bytes: Uint8Array, file: string, owned = false): PytorchContent {
  if (bytes.length === 0) throw new FormatError(`${file} is empty`);
  const { value, bytesOf, metadata } =
    bytes[0] === 0x50 ? readArchive(bytes, file) : readLegacy(bytes, file, owned);
  const tensors: StateDict = new Map();
  for (const [name, tensor] of stateDictOf(value, file))
    tensors.set(name, materialise(tensor, name, bytesOf, file));
  return { tensors, metadata };
}

interface Loaded {
  readonly value: Pickled;
  /** The bytes of a storage. */
  readonly bytesOf: (storage: StorageRef) => Uint8Array | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

/** `<name>/data.pkl` and `<name>/data/<key>`, whatever the name of the folder. */
function readArchive(bytes: Uint8Array, file: string): Loaded {
  const entries = readStoredZip(bytes, file);
  const pickle = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (!pickle)
    throw new FormatError(`${file} is a zip archive, but not one of torch.save: it has no data.pkl`);
  const folder = pickle.slice(0, -"data.pkl".length);
  const byteorder = entries.get(`${folder}byteorder`);
  if (byteorder && new TextDecoder().decode(byteorder).trim() !== "little") {
    throw new FormatError(
      `${file} was saved on a big-endian machine; load and save it with PyTorch on another`,
    );
  }
  const { value } = readPickle(entries.get(pickle) as Uint8Array, 0, {
    file: `${file}: ${pickle}`,
    find,
    persistent: storageOf,
  });
  const text = entries.get(folder + METADATA_ENTRY);
  return {
    value,
    bytesOf: ({ key }) => entries.get(`${folder}data/${key}`),
    metadata: text ? metadataOf(text, file) : {},
  };
}

function metadataOf(text: Uint8Array, file: string): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(JSON.parse(new TextDecoder().decode(text)) as object).map(([key, value]) => [
        key,
        String(value),
      ]),
    );
  } catch {
    throw new FormatError(`${file}: ${METADATA_ENTRY} is not JSON`);
  }
}

/** The older format's magic number, as far as a double holds it. */
const MAGIC = Number(0x1950a86a20f9469cfc6cn);

/** Magic number, protocol, system, the object, the storages' keys, then every storage with its length before it. */
function readLegacy(bytes: Uint8Array, file: string, owned: boolean): Loaded {
  let position = 0;
  const next = (): Pickled => {
    const { value, end } = readPickle(bytes, position, { file, find, persistent: storageOf });
    position = end;
    return value;
  };
  if (next() !== MAGIC || next() !== 1001)
    throw new FormatError(`${file} is a pickle, but not one of torch.save`);
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false)
    throw new FormatError(
      `${file} was saved on a big-endian machine; load and save it with PyTorch on another`,
    );
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw new FormatError(`${file} does not list its storages (byte ${position})`);
  const types = widths(value);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const places = new Map<string, Uint8Array>();
  for (const key of keys) {
    const width = types.get(String(key));
    if (width === undefined)
      throw new FormatError(`${file} holds a storage ${String(key)} that no tensor uses`);
    if (position + 8 > bytes.length)
      throw new FormatError(`${file} is truncated before the storage ${String(key)}`);
    const end = position + 8 + Number(view.getBigInt64(position, true)) * width;
    if (!(end >= position + 8 && end <= bytes.length)) {
      throw new FormatError(
        `${file} is truncated: the storage ${String(key)} ends at byte ${end}, the file has ${bytes.length}`,
      );
    }
    // Down to a multiple of its width, over the length, which has been read.
    const shift = owned ? (bytes.byteOffset + position + 8) % Math.min(width, 4) : 0;
    if (shift > 0) bytes.copyWithin(position + 8 - shift, position + 8, end);
    places.set(String(key), bytes.subarray(position + 8 - shift, end - shift));
    position = end;
  }
  return { value, bytesOf: ({ key }) => places.get(key), metadata: {} };
}

/** Bytes per element of every storage that the tensors of a value use. */
function widths(value: Pickled): Map<string, number> {
  const found = new Map<string, number>();
  const seen = new Set<Pickled>();
  const open: Pickled[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    if (isTensor(next)) found.set(next.storage.key, next.storage.type.width);
    else if (next instanceof Map) for (const inner of next.values()) open.push(inner);
    else if (Array.isArray(next)) for (const inner of next) open.push(inner);
  }
  return found;
}

/** The dictionary of tensors in what was saved. */
function stateDictOf(value: Pickled, file: string): Map<string, TensorRef> {
  let dictionary = value;
  // A wrapper holds the dictionary under one of these, perhaps beside other things.
  for (let depth = 0; depth < 3 && dictionary instanceof Map; depth++) {
    const current: Map<Pickled, Pickled> = dictionary;
    const inner = ["state_dict", "model_state_dict", "model"].map((key) => current.get(key));
    dictionary = inner.find((entry) => entry instanceof Map) ?? dictionary;
    if (dictionary === current) break;
  }
  if (!(dictionary instanceof Map)) {
    throw new FormatError(`${file} holds no state_dict; save one with torch.save(model.state_dict(), …)`);
  }
  const tensors = new Map<string, TensorRef>();
  for (const [name, entry] of dictionary) {
    if (typeof name === "string" && isTensor(entry)) tensors.set(name, entry);
  }
  if (tensors.size === 0) {
    const keys = [...dictionary.keys()].slice(0, 5).map(String).join(", ");
    throw new FormatError(
      `${file} holds no tensors, only ${keys || "an empty dictionary"}; save model.state_dict()`,
    );
  }
  return tensors;
}

/** The numbers of a tensor, viewed in the file where they lie there as float32 without gaps. */
function materialise(
  { storage, offset, shape, strides }: TensorRef,
  name: string,
  bytesOf: Loaded["bytesOf"],
  file: string,
): FloatTensor {
  const { type, count, key } = storage;
  const bytes = bytesOf(storage);
  if (!bytes) throw new FormatError(`${file}: the storage ${key} of ${name} is missing`);
  const size = sizeOf(shape);
  const last =
    size === 0
      ? -1
      : shape.reduce((end, extent, axis) => end + (extent - 1) * (strides[axis] as number), offset);
  if (size > count || last >= count || count * type.width > bytes.length) {
    throw new FormatError(
      `${file}: ${name} [${shape.join(", ")}] needs ${Math.max(size, last + 1)} numbers of its storage, which has ${Math.floor(bytes.length / type.width)}`,
    );
  }
  const own = stridesOf(shape);
  const contiguous = shape.every((extent, axis) => extent <= 1 || strides[axis] === own[axis]);
  const begin = bytes.byteOffset + offset * type.width;
  if (contiguous && type === storages.Float && begin % 4 === 0)
    return floatTensor(shape, new Float32Array(bytes.buffer, begin, size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Float32Array(size);
  const index = new Array<number>(shape.length).fill(0);
  for (let i = 0, place = offset; i < size; i++) {
    data[i] = type.read(view, place * type.width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis] as number;
      if (++(index[axis] as number) < (shape[axis] as number)) break;
      place -= (strides[axis] as number) * (shape[axis] as number);
      index[axis] = 0;
    }
  }
  return floatTensor(shape, data);
}

/** `("storage", type, key, location, count, …)`. */
function storageOf(id: Pickled): StorageRef {
  const [kind, type, key, , count] = Array.isArray(id) ? id : [];
  const name = String((type as Allowed | null)?.name ?? "");
  const storage = storages[/^torch\.(\w+)Storage$/.exec(name)?.[1] ?? ""];
  if (kind !== "storage" || !storage || !isCount(count))
    throw new FormatError(
      `it refers to a storage of the type ${name || "unknown"}, which vultus does not read`,
    );
  return { kind: "storage", type: storage, key: String(key), count };
}

/** `torch._utils._rebuild_tensor(storage, offset, size, strides, …)`. */
function rebuildTensor([storage, offset, shape, strides]: readonly Pickled[]): TensorRef {
  const counts = (value: Pickled | undefined): value is number[] =>
    Array.isArray(value) && value.every(isCount);
  if (
    !(isStorage(storage) && isCount(offset) && counts(shape) && counts(strides)) ||
    shape.length !== strides.length
  )
    throw new FormatError("it describes a tensor by what is no storage, offset, size and strides");
  return { kind: "tensor", storage, offset, shape, strides };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** All that weights need: dictionaries, tensors, parameters and the names of storage types. */
function find(name: string): Allowed | undefined {
  if (Object.hasOwn(functions, name)) return { name, call: functions[name] as (typeof functions)[string] };
  return Object.hasOwn(storages, /^torch\.(\w+)Storage$/.exec(name)?.[1] ?? "") ? { name } : undefined;
}

const functions: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>> = {
  "collections.OrderedDict": ([items]) => {
    const pairs = Array.isArray(items) ? items : [];
    return new Map(
      pairs.flatMap((pair) => (Array.isArray(pair) ? [[pair[0] ?? null, pair[1] ?? null] as const] : [])),
    );
  },
  "torch.Size": ([sizes]) => sizes ?? [],
  "torch._utils._rebuild_tensor": rebuildTensor,
  "torch._utils._rebuild_tensor_v2": rebuildTensor,
  "torch._utils._rebuild_parameter": ([tensor]) => tensor ?? null,
  "torch._utils._rebuild_parameter_with_state": ([tensor]) => tensor ?? null,
};
