/**
 * PyTorch's `.pth` and `.pt` files: a zip archive with a pickle and one entry per storage, or, before PyTorch 1.6,
 * pickles followed by the storages. Only tensors and plain values are built, and no code in the pickle is executed.
 */

import { FormatError } from "../util/errors.ts";
import type { StateDict } from "../util/tensor.ts";
import { type ElementType, toFloats } from "./floats.ts";
import { type Pickled, readPickle } from "./pickle.ts";
import { findNothing, storageId, tensorBuilders } from "./pytorch-objects.ts";
import { tensorsIn } from "./state-dicts.ts";
import { readStoredZip } from "./zip.ts";

export interface PytorchContent {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
  /** States which dictionary of tensors was used, if there are several. */
  readonly notes: readonly string[];
}

/**
 * Everything that was saved: tensors (FloatTensor) in dictionaries (Map), lists and tuples (arrays) with plain
 * values.
 */
export interface PytorchValue {
  readonly value: Pickled;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The entry of an archive in which vultus keeps its metadata; torch.load ignores it. */
export const METADATA_ENTRY = "vultus.json";

/**
 * Returns the tensors of a file that `torch.save` wrote from a state_dict, alone or within other dictionaries (`tensorsIn`);
 * everything else is left out. Every dtype becomes float32; aligned float32 is a view of `bytes`. `file` is the name in error
 * messages. `owned` states that nobody else uses `bytes`: unaligned numbers of the older format are then moved within it instead of
 * being copied, and `bytes` no longer holds the file.
 *
 * @throws FormatError that names the byte.
 */
export function decodePytorch(bytes: Uint8Array, file: string, owned = false): PytorchContent {
  const { value, metadata } = decodePytorchValue(bytes, file, owned);
  return { ...tensorsIn(value, file), metadata };
}

/** Like `decodePytorch`, but returns everything that was saved. The value may contain itself. */
export function decodePytorchValue(bytes: Uint8Array, file: string, owned = false): PytorchValue {
  if (bytes.length === 0) throw new FormatError(`${file} is empty`);
  return bytes[0] === 0x50 ? readArchive(bytes, file) : readLegacy(bytes, file, owned);
}

/** Recognises other zip archives by their entry names, and states how to extract weights from them. */
const otherArchives: readonly (readonly [entry: RegExp, what: (file: string, entry: string) => string])[] = [
  [
    /(^|\/)(code\/__torch__|constants\.pkl$)/,
    (file) =>
      `is a TorchScript program, not a file of weights; convert it in Python: torch.save(torch.jit.load("${file}", "cpu").state_dict(), "weights.pth")`,
  ],
  [
    /(^|\/)(serialized_exported_program\.json|models\/\w+\.json)$/,
    (file) =>
      `is a program of torch.export, not a file of weights; convert it in Python: torch.save(torch.export.load("${file}").state_dict, "weights.pth")`,
  ],
  [
    /^model\.weights\.h5$/,
    () => "is a Keras model; vultus reads weights of PyTorch networks: .safetensors, .pth or .pt",
  ],
  [
    /^[^/]+\.npy$/,
    (file) =>
      `contains NumPy arrays; convert it in Python: torch.save({k: torch.from_numpy(v) for k, v in numpy.load("${file}").items()}, "weights.pth")`,
  ],
  [
    /\.(pth|pt|ckpt|bin|safetensors|onnx|tar)$/i,
    (file, entry) => `is a zip archive; unpack it with \`unzip ${file}\` and give ${entry}`,
  ],
];

function refuseOtherArchives(names: readonly string[], file: string): void {
  for (const [pattern, what] of otherArchives) {
    const entry = names.find((name) => pattern.test(name));
    if (entry !== undefined) throw new FormatError(`${file} ${what(file, entry)}`);
  }
}

/** Reads `<folder>/data.pkl` and `<folder>/data/<key>`; the folder may have any name. */
function readArchive(bytes: Uint8Array, file: string): PytorchValue {
  const entries = readStoredZip(bytes, file, (names) => refuseOtherArchives(names, file));
  const pickle = [...entries.keys()].find((name) => /^[^/]*\/data\.pkl$/.test(name));
  if (!pickle)
    throw new FormatError(`${file} is a zip archive, but torch.save did not write it: it has no data.pkl`);
  const folder = pickle.slice(0, -"data.pkl".length);
  const byteorder = entries.get(`${folder}byteorder`);
  if (byteorder && new TextDecoder().decode(byteorder) !== "little") throw bigEndian(file);

  const types = new Map<string, ElementType>();
  const storages = new Map<string, Float32Array>();
  const { value } = readPickle(entries.get(pickle) as Uint8Array, 0, {
    file: `${file}: ${pickle}`,
    find: tensorBuilders(bytes.length),
    persistent: (id) => {
      const { key, type, count } = storageId(id, types);
      const data = entries.get(`${folder}data/${key}`);
      if (data?.length !== count * type.width) {
        throw new FormatError(
          `storage ${key.slice(0, 40)} needs ${count * type.width} bytes, its entry has ${data?.length ?? "none"}`,
        );
      }
      const numbers = storages.get(key) ?? toFloats(data, type);
      storages.set(key, numbers);
      return numbers;
    },
  });
  return { value, metadata: metadataOf(entries.get(folder + METADATA_ENTRY), file) };
}

function metadataOf(bytes: Uint8Array | undefined, file: string): Record<string, string> {
  if (!bytes) return {};
  try {
    const entries = Object.entries(JSON.parse(new TextDecoder().decode(bytes)) as object);
    return Object.fromEntries(entries.map(([key, value]) => [key, String(value)]));
  } catch {
    throw new FormatError(`${file}: ${METADATA_ENTRY} is not JSON`);
  }
}

/**
 * Reads the older format: magic number, protocol, system, the value and the storages' keys, each as a separate pickle;
 * then every storage, preceded by its length. The type of a storage is in the value, so the value is read twice: first
 * for the types, then for the tensors.
 */
function readLegacy(bytes: Uint8Array, file: string, owned: boolean): PytorchValue {
  let position = 0;
  const types = new Map<string, ElementType>();
  const persistent = (id: readonly Pickled[]): Pickled => moduleIn(id) ?? storageId(id, types);
  const next = (): Pickled => {
    const { value, end } = readPickle(bytes, position, { file, find: findNothing, persistent });
    position = end;
    return value;
  };
  if (next() !== 0x1950a86a20f9469cfc6cn || next() !== 1001)
    throw new FormatError(
      `${file} is a pickle, but torch.save did not write it; if you trust it, convert it in Python: torch.save(pickle.load(open("${file}", "rb")), "weights.pth")`,
    );
  const system = next();
  if (system instanceof Map && system.get("little_endian") === false) throw bigEndian(file);
  const start = position;
  next();
  const keys = next();
  if (!Array.isArray(keys)) throw new FormatError(`${file} lists no storages (byte ${position})`);
  const storages = new Map<string, Float32Array>();
  for (const key of keys) {
    const type = typeof key === "string" ? types.get(key) : undefined;
    if (typeof key !== "string" || !type)
      throw new FormatError(`${file} contains a storage that nothing uses (byte ${position})`);
    const data = legacyStorage(bytes, position, key, type, file);
    position += 8 + data.length;
    storages.set(key, toFloats(owned ? alignedInPlace(data, type.width) : data, type));
  }

  const { value } = readPickle(bytes, start, {
    file,
    find: tensorBuilders(bytes.length),
    persistent: (id) => {
      const module = moduleIn(id);
      if (module) return module;
      const { key, count } = storageId(id, types);
      const numbers = storages.get(key);
      if (numbers?.length === count) return numbers;
      throw new FormatError(
        `storage ${key.slice(0, 40)} needs ${count} numbers, the file has ${numbers?.length ?? "none"}`,
      );
    },
  });
  return { value, metadata: {} };
}

/** Returns the class that `("module", class, path, source)` refers to. */
const moduleIn = ([kind, type]: readonly Pickled[]): Pickled | undefined =>
  kind === "module" && typeof type === "function" ? type : undefined;

/** Returns the bytes of the storage whose length is at `position`. */
function legacyStorage(
  bytes: Uint8Array,
  position: number,
  key: string,
  type: ElementType,
  file: string,
): Uint8Array {
  const begin = position + 8;
  if (begin > bytes.length)
    throw new FormatError(`${file} is truncated before storage ${key}; fetch it again (byte ${position})`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = begin + Number(view.getBigUint64(position, true)) * type.width;
  if (end > bytes.length) {
    throw new FormatError(
      `${file} is truncated: storage ${key} ends at byte ${end}, the file has ${bytes.length}; fetch it again (byte ${position})`,
    );
  }
  return bytes.subarray(begin, end);
}

/**
 * Moves `data` to a multiple of `width`, overwriting the end of the preceding length, which has already been read.
 */
function alignedInPlace(data: Uint8Array, width: number): Uint8Array {
  const shift = data.byteOffset % width;
  const moved = new Uint8Array(data.buffer, data.byteOffset - shift, data.length);
  if (shift > 0) moved.set(data);
  return moved;
}

const bigEndian = (file: string): FormatError =>
  new FormatError(`${file} was saved on a big-endian machine; load and save it with PyTorch on another`);
