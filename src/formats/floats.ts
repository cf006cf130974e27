/** Reads numbers of any type from a file's bytes as float32: a view if they are float32, otherwise a conversion. */

import { fromBfloat16, fromFloat16 } from "../util/half.ts";

/** The element type of numbers in a file. */
export interface ElementType {
  /** Bytes per element. */
  readonly width: number;
  /** Returns the little-endian elements at an aligned position as float32. */
  readonly floats: (buffer: ArrayBuffer, byteOffset: number, length: number) => Float32Array;
}

/** By numpy's names, and PyTorch's bfloat16. Numbers that float32 cannot represent are rounded. */
export const elementTypes = {
  float64: plain(Float64Array),
  float32: { width: 4, floats: (...place) => new Float32Array(...place) },
  float16: { width: 2, floats: (...place) => converted(new Uint16Array(...place), fromHalf) },
  bfloat16: { width: 2, floats: (...place) => converted(new Uint16Array(...place), fromBfloat16) },
  int64: { width: 8, floats: (...place) => converted(new BigInt64Array(...place), Number) },
  int32: plain(Int32Array),
  int16: plain(Int16Array),
  int8: plain(Int8Array),
  uint8: plain(Uint8Array),
  bool: plain(Uint8Array),
} as const satisfies Record<string, ElementType>;

/** Returns the elements that fill `bytes`; a view of them if they are float32 and aligned. */
export function toFloats(bytes: Uint8Array, { width, floats }: ElementType): Float32Array {
  // Buffer's own `slice` would not copy.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return floats(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / width);
}

/** The arrays that `new Float32Array` converts itself. */
type PlainArray =
  | typeof Float64Array
  | typeof Int32Array
  | typeof Int16Array
  | typeof Int8Array
  | typeof Uint8Array;

function plain(array: PlainArray): ElementType {
  return {
    width: array.BYTES_PER_ELEMENT,
    floats: (...place) => new Float32Array(new array(...place)),
  };
}

function converted<T>(raw: ArrayLike<T>, value: (raw: T) => number): Float32Array {
  const out = new Float32Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = value(raw[i] as T);
  return out;
}

let halves: Float32Array | undefined;

/** Like `fromFloat16`, but several times as fast, with a table of all halves. */
function fromHalf(bits: number): number {
  halves ??= Float32Array.from({ length: 65_536 }, (_, half) => fromFloat16(half));
  return halves[bits] as number;
}
