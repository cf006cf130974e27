/** Numbers of any type in a file's bytes as float32: viewed where they lie as such, converted elsewhere. */

import { fromBfloat16, fromFloat16 } from "../util/half.ts";

/** A type that the elements of a file have. */
export interface ElementType {
  /** Bytes per element. */
  readonly width: number;
  /** The little-endian elements at an aligned place, as float32. */
  readonly floats: (buffer: ArrayBuffer, byteOffset: number, length: number) => Float32Array;
}

/** By numpy's names, and PyTorch's bfloat16. What float32 cannot hold is rounded. */
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

/** The elements that fill `bytes`; a view of them where they are float32 and aligned. */
export function toFloats(bytes: Uint8Array, { width, floats }: ElementType): Float32Array {
  // A Buffer's own slice would not copy.
  const aligned = bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
  return floats(aligned.buffer as ArrayBuffer, aligned.byteOffset, bytes.length / width);
}

/** Those that `new Float32Array` converts by itself. */
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

/** `fromFloat16` by a table of all halves, several times as fast. */
function fromHalf(bits: number): number {
  halves ??= Float32Array.from({ length: 65_536 }, (_, half) => fromFloat16(half));
  return halves[bits] as number;
}
