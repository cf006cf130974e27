/** A small writer of TIFF files with any sample format. */

import { deflateSync } from "node:zlib";
import { toFloat16 } from "../../src/util/half.ts";

export interface TiffSamples {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly format: "uint8" | "uint16" | "uint32" | "int16" | "int32" | "float16" | "float32" | "float64";
  /** [height, width, channels]. */
  readonly samples: readonly number[];
  /** Embedded unchanged. */
  readonly icc?: Uint8Array;
  /** Compressed with zlib. */
  readonly deflated?: boolean;
  /** Big-endian, as in `MM` files. */
  readonly big?: boolean;
  /** Further tags, each with one 32-bit value. */
  readonly further?: Readonly<Record<number, number>>;
}

const kinds = { uint: 1, int: 2, float: 3 } as const;
const [short, long, undefinedType] = [3, 4, 7];

/** TIFF 6.0: a header, one directory, its longer values, and the samples in one strip. */
export function tiffOf({
  width,
  height,
  channels,
  format,
  samples,
  icc,
  deflated = false,
  big = false,
  further = {},
}: TiffSamples): Uint8Array {
  const [, kind, bits] = /^([a-z]+)(\d+)$/.exec(format) as unknown as [string, keyof typeof kinds, string];
  const each = <T>(value: T): T[] => new Array<T>(channels).fill(value);
  const little = !big;
  const bytes = Number(bits) / 8;
  const content = new DataView(new ArrayBuffer(samples.length * bytes));
  const put: Record<TiffSamples["format"], (at: number, value: number) => void> = {
    uint8: (at, value) => content.setUint8(at, value),
    uint16: (at, value) => content.setUint16(at, value, little),
    uint32: (at, value) => content.setUint32(at, value, little),
    int16: (at, value) => content.setInt16(at, value, little),
    int32: (at, value) => content.setInt32(at, value, little),
    float16: (at, value) => content.setUint16(at, toFloat16(value), little),
    float32: (at, value) => content.setFloat32(at, value, little),
    float64: (at, value) => content.setFloat64(at, value, little),
  };
  samples.forEach((value, i) => {
    put[format](i * bytes, value);
  });
  const plain = new Uint8Array(content.buffer);
  const stored = deflated ? deflateSync(plain) : plain;
  const { length } = stored;
  const tags: (readonly [tag: number, type: number, values: readonly number[]])[] = [
    [256, long, [width]],
    [257, long, [height]],
    [258, short, each(Number(bits))],
    [259, short, [deflated ? 8 : 1]],
    [262, short, [channels < 3 ? 1 : 2]],
    [273, long, [0]],
    [277, short, [channels]],
    [278, long, [height]],
    [279, long, [length]],
    ...(channels % 2 === 0 ? [[338, short, [2]] as const] : []),
    [339, short, each(kinds[kind])],
    ...(icc ? [[34675, undefinedType, [...icc]] as const] : []),
    ...Object.entries(further).map(([tag, value]) => [Number(tag), long, [value]] as const),
  ];
  tags.sort(([a], [b]) => a - b);
  const sizeOf = (type: number): number => (type === short ? 2 : type === long ? 4 : 1);
  const longer = tags.reduce((sum, [, type, { length }]) => {
    const size = sizeOf(type) * length;
    return sum + (size > 4 ? size + (size % 2) : 0);
  }, 0);
  const afterDirectory = 8 + 2 + 12 * tags.length + 4;
  const strip = afterDirectory + longer;
  const file = new Uint8Array(strip + length);
  const view = new DataView(file.buffer);
  file.set(new TextEncoder().encode(big ? "MM" : "II"));
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  view.setUint16(8, tags.length, little);
  let [at, free] = [10, afterDirectory];
  for (const [tag, type, values] of tags) {
    const size = sizeOf(type) * values.length;
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, values.length, little);
    if (size > 4) view.setUint32(at + 8, free, little);
    let to = size > 4 ? free : at + 8;
    for (const value of tag === 273 ? [strip] : values) {
      if (type === short) view.setUint16(to, value, little);
      else if (type === long) view.setUint32(to, value, little);
      else view.setUint8(to, value);
      to += sizeOf(type);
    }
    if (size > 4) free += size + (size % 2);
    at += 12;
  }
  file.set(stored, strip);
  return file;
}
