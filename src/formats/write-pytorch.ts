/** Writes a state_dict as `torch.save` does: `torch.load`, also with `weights_only`, reads it. */

import type { StateDict } from "../util/tensor.ts";
import { stridesOf } from "../util/tensor.ts";
import { METADATA_ENTRY } from "./pytorch.ts";
import { writeStoredZip } from "./zip.ts";

/** The file as parts, so that a caller can write them without joining them first. */
export function encodePytorchParts(
  tensors: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const storages = [...tensors.values()].map(
    ({ data }, i) =>
      [`archive/data/${i}`, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] as const,
  );
  const extra = Object.keys(metadata).length > 0 ? text(JSON.stringify(metadata)) : undefined;
  return writeStoredZip([
    ["archive/data.pkl", pickleOf(tensors)],
    ["archive/byteorder", text("little")],
    ...(extra ? [[`archive/${METADATA_ENTRY}`, extra] as const] : []),
    ...storages,
    ["archive/version", text("3\n")],
  ]);
}

/** An OrderedDict of tensors, each built by `_rebuild_tensor_v2` from the storage of its number; protocol 2. */
function pickleOf(tensors: StateDict): Uint8Array {
  const out: number[] = [];
  const op = (code: string): void => {
    for (const character of code) out.push(character.charCodeAt(0));
  };
  const uint32 = (value: number): void => {
    out.push(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff);
  };
  const integer = (value: number): void => {
    if (value < 2 ** 31) {
      op("J");
      uint32(value);
      return;
    }
    // LONG1 with eight bytes.
    out.push(0x8a, 8);
    uint32(value % 2 ** 32);
    uint32(Math.floor(value / 2 ** 32));
  };
  const text = (value: string): void => {
    const bytes = new TextEncoder().encode(value);
    op("X");
    uint32(bytes.length);
    out.push(...bytes);
  };
  const tuple = (values: readonly number[]): void => {
    op("(");
    for (const value of values) integer(value);
    op("t");
  };
  const emptyDictionary = (): void => op("ccollections\nOrderedDict\n)R");

  out.push(0x80, 2);
  emptyDictionary();
  op("(");
  for (const [i, [name, { shape, data }]] of [...tensors].entries()) {
    text(name);
    op("ctorch._utils\n_rebuild_tensor_v2\n((");
    text("storage");
    op("ctorch\nFloatStorage\n");
    text(String(i));
    text("cpu");
    integer(data.length);
    op("tQ");
    integer(0);
    tuple(shape);
    tuple(stridesOf(shape));
    // requires_grad and hooks.
    out.push(0x89);
    emptyDictionary();
    op("tR");
  }
  op("u.");
  return Uint8Array.from(out);
}
