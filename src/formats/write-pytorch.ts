/** Writes a state_dict like `torch.save`, so that `torch.load` reads it, even with `weights_only`. */

import { type FloatTensor, type StateDict, stridesOf } from "../util/tensor.ts";
import { METADATA_ENTRY } from "./pytorch.ts";
import { writeStoredZip } from "./zip.ts";

const utf8 = new TextEncoder();

/** Returns the file in parts, so that a caller can write them without joining them first. */
export function encodePytorchParts(
  tensors: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const storages = [...tensors.values()].map(({ data }, key): [string, Uint8Array] => [
    `archive/data/${key}`,
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  ]);
  const described: [string, Uint8Array][] =
    Object.keys(metadata).length > 0
      ? [[`archive/${METADATA_ENTRY}`, utf8.encode(JSON.stringify(metadata))]]
      : [];
  return writeStoredZip([
    ["archive/data.pkl", pickleOf(tensors)],
    ["archive/byteorder", utf8.encode("little")],
    ...described,
    ...storages,
    ["archive/version", utf8.encode("3\n")],
  ]);
}

/** Returns the pickle of an OrderedDict of tensors, in protocol 2. Each character of these strings is one byte. */
function pickleOf(tensors: StateDict): Uint8Array {
  const items = [...tensors].map(([name, tensor], key) => text(name) + rebuildTensor(tensor, String(key)));
  return Uint8Array.from(`\x80\x02${emptyDict}(${items.join("")}u.`, (character) => character.charCodeAt(0));
}

/**
 * Encodes `_rebuild_tensor_v2(storage, offset, size, strides, requires_grad, hooks)`, with a separate storage per
 * tensor.
 */
function rebuildTensor({ shape, data }: FloatTensor, key: string): string {
  const storage = `(${text("storage")}ctorch\nFloatStorage\n${text(key)}${text("cpu")}${integer(data.length)}tQ`;
  return `ctorch._utils\n_rebuild_tensor_v2\n(${storage}${integer(0)}${tuple(shape)}${tuple(stridesOf(shape))}\x89${emptyDict}tR`;
}

const emptyDict = "ccollections\nOrderedDict\n)R";

const text = (value: string): string => {
  const characters = Array.from(utf8.encode(value), (byte) => String.fromCharCode(byte));
  return `X${littleEndian(characters.length, 4)}${characters.join("")}`;
};

const tuple = (values: readonly number[]): string => `(${values.map(integer).join("")}t`;

/** Encodes BININT, or LONG1 of eight bytes. */
const integer = (value: number): string =>
  value < 2 ** 31 ? `J${littleEndian(value, 4)}` : `\x8a\x08${littleEndian(value, 8)}`;

const littleEndian = (value: number, width: number): string =>
  String.fromCharCode(...Array.from({ length: width }, (_, i) => Math.floor(value / 256 ** i) % 256));
