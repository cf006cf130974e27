/**
 * The safetensors format: eight bytes with the length of a JSON header, the header, then the numbers of every tensor
 * without gaps. Every claim of a file is checked before use.
 */

import { z } from "zod";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict, sizeOf } from "../util/tensor.ts";
import { type ElementType, elementTypes, toFloats } from "./floats.ts";

export interface SafetensorsContent {
  readonly tensors: StateDict;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The format's own limit, which rejects a damaged length. */
const LARGEST_HEADER = 100_000_000;

/** The dtypes that become float32. */
const dtypes: Readonly<Record<string, ElementType>> = {
  F64: elementTypes.float64,
  F32: elementTypes.float32,
  F16: elementTypes.float16,
  BF16: elementTypes.bfloat16,
  I64: elementTypes.int64,
  I32: elementTypes.int32,
  I16: elementTypes.int16,
  I8: elementTypes.int8,
  U8: elementTypes.uint8,
  BOOL: elementTypes.bool,
};

const entrySchema = z.object({
  dtype: z.string(),
  shape: z.array(z.number().int().min(0).max(Number.MAX_SAFE_INTEGER)),
  data_offsets: z.tuple([z.number().int().min(0), z.number().int().min(0)]),
});

/** Returns the file in parts, so that a caller can write them without joining them first. */
export function encodeSafetensorsParts(
  tensors: StateDict,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array[] {
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(["__metadata__", metadata]);
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { shape, data }] of tensors) {
    if (name === "__metadata__")
      throw new FormatError("a tensor cannot be named __metadata__: safetensors keeps that name for itself");
    header.push([name, { dtype: "F32", shape, data_offsets: [offset, offset + data.byteLength] }]);
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Padding with spaces to a multiple of eight keeps the numbers aligned.
  const padded = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(padded.buffer).setBigUint64(0, BigInt(padded.length - 8), true);
  padded.set(json, 8);
  return [padded, ...parts];
}

/**
 * Reads a file; `name` is its name in error messages. Aligned float32 numbers are views; half, double and integer numbers
 * are converted. Nothing is allocated before the whole header has been checked against the file.
 *
 * @throws FormatError that names the file, and the tensor or the byte.
 */
export function decodeSafetensors(bytes: Uint8Array, name: string): SafetensorsContent {
  const { header, start } = readHeader(bytes, name);
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [key, value] of Object.entries(header)) {
    if (key === "__metadata__") metadata = readMetadata(value, name);
    else entries.push(readEntry(key, value, bytes.length - start, name));
  }
  checkContiguous(entries, bytes.length - start, name);
  const tensors: StateDict = new Map();
  for (const { key, type, shape, begin, end } of entries) {
    tensors.set(key, floatTensor(shape, toFloats(bytes.subarray(start + begin, start + end), type)));
  }
  return { tensors, metadata };
}

interface Entry {
  readonly key: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Offset in bytes from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

function readEntry(key: string, value: unknown, available: number, name: string): Entry {
  const parsed = entrySchema.safeParse(value);
  if (!parsed.success) {
    const problem = z.prettifyError(parsed.error);
    throw new FormatError(`${name}: the header's entry for ${key} is damaged: ${problem}`);
  }
  const { dtype, shape, data_offsets } = parsed.data;
  const [begin, end] = data_offsets;
  const type = Object.hasOwn(dtypes, dtype) ? dtypes[dtype] : undefined;
  if (type === undefined) {
    const known = Object.keys(dtypes).join(", ");
    throw new FormatError(
      `${name}: ${key} has the dtype ${dtype}; vultus reads ${known}; save it as float32`,
    );
  }
  const size = sizeOf(shape) * type.width;
  if (end - begin !== size) {
    throw new FormatError(
      `${name}: ${key} ${dtype}[${shape.join(", ")}] needs ${size} bytes, its offsets [${begin}, ${end}] span ${end - begin}`,
    );
  }
  if (end > available) {
    throw new FormatError(
      `${name} is truncated: ${key} ends at ${end}, but ${available} bytes of numbers follow the header; fetch it again`,
    );
  }
  return { key, type, shape, begin, end };
}

function readMetadata(value: unknown, name: string): Record<string, string> {
  const isTexts =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((text) => typeof text === "string");
  if (!isTexts) throw new FormatError(`${name}: __metadata__ is not a map of strings`);
  return value as Record<string, string>;
}

function readHeader(bytes: Uint8Array, name: string): { header: Record<string, unknown>; start: number } {
  if (bytes.length < 8)
    throw new FormatError(
      `${name} is truncated: it has ${bytes.length} bytes, a safetensors file begins with 8 for its header's length`,
    );
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > BigInt(LARGEST_HEADER))
    throw new FormatError(`${name} is not safetensors: byte 0 claims a header of ${length} bytes`);
  const start = 8 + Number(length);
  if (start > bytes.length)
    throw new FormatError(
      `${name} is truncated: its header ends at byte ${start}, the file has ${bytes.length}; fetch it again`,
    );
  const damaged = `${name}: the header (bytes 8 to ${start})`;
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, start));
    header = JSON.parse(text);
  } catch {
    throw new FormatError(`${damaged} is not JSON; the file is damaged or is not safetensors`);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header))
    throw new FormatError(`${damaged} is not a JSON object`);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw new FormatError(`${damaged} names ${twice} twice`);
  return { header: header as Record<string, unknown>, start };
}

/** Returns the first duplicate key in an object of a valid JSON text; JSON.parse silently keeps the last value. */
function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let text = "";
  for (let i = 0; i < json.length; i++) {
    const character = json[i];
    if (character === '"') {
      const begin = i++;
      while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
      text = json.slice(begin, i + 1);
    } else if (character === ":") {
      // Outside strings, a colon follows only keys.
      const key = JSON.parse(text) as string;
      if (open.at(-1)?.has(key)) return key;
      open.at(-1)?.add(key);
    } else if (character === "{") open.push(new Set());
    else if (character === "}") open.pop();
  }
  return undefined;
}

/** Checks that the tensors are contiguous and fill the file. */
function checkContiguous(entries: readonly Entry[], length: number, name: string): void {
  let position = 0;
  for (const { begin, end, key } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position)
      throw new FormatError(`${name}: ${key} begins at ${begin}, the tensor before it ends at ${position}`);
    position = end;
  }
  if (position !== length)
    throw new FormatError(
      `${name}: the tensors end at ${position}, but ${length} bytes of numbers follow the header`,
    );
}
