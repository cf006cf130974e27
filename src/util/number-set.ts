/** Sets of whole numbers in few bytes: the gaps between the sorted numbers, Rice-coded (Rice and Plaunt 1971). */

import { FormatError } from "./errors.ts";

/** Bits of the header: the count of numbers, and how many low bits of each gap are stored verbatim. */
const COUNT_BITS = 32;
const WIDTH_BITS = 8;

/**
 * Encodes a set of numbers as bytes: for n numbers below 2^b, about b - log2(n) + 1.7 bits each.
 * @param numbers whole, from 0 to 2^52.
 */
export function encodeNumbers(numbers: Iterable<number>): Uint8Array {
  const sorted = [...new Set(numbers)].sort((a, b) => a - b);
  const meanGap = ((sorted.at(-1) ?? 0) + 1) / Math.max(1, sorted.length);
  // Approximates the best width for the gaps of random numbers.
  const width = Math.max(0, Math.ceil(Math.log2(meanGap * Math.LN2)));
  const bits = new BitWriter();
  bits.write(sorted.length, COUNT_BITS);
  bits.write(width, WIDTH_BITS);
  let last = -1;
  for (const number of sorted) {
    const gap = number - last - 1;
    for (let i = Math.floor(gap / 2 ** width); i > 0; i--) bits.write(1, 1);
    bits.write(0, 1);
    bits.write(gap % 2 ** width, width);
    last = number;
  }
  return bits.bytes();
}

/**
 * Returns the numbers in ascending order. `name` is the name of the bytes in error messages. @throws FormatError for truncated
 * bytes.
 */
export function decodeNumbers(bytes: Uint8Array, name: string): number[] {
  const bits = new BitReader(bytes, name);
  const count = bits.read(COUNT_BITS);
  const width = bits.read(WIDTH_BITS);
  const numbers: number[] = [];
  let last = -1;
  while (numbers.length < count) {
    let high = 0;
    while (bits.read(1) === 1) high++;
    last += 1 + high * 2 ** width + bits.read(width);
    numbers.push(last);
  }
  return numbers;
}

class BitWriter {
  readonly #bytes: number[] = [];
  #count = 0;

  /** Writes the low `width` bits of `value`, the highest first. */
  write(value: number, width: number): void {
    for (let i = width - 1; i >= 0; i--) {
      if (this.#count % 8 === 0) this.#bytes.push(0);
      const bit = Math.floor(value / 2 ** i) % 2;
      const at = this.#bytes.length - 1;
      this.#bytes[at] = (this.#bytes[at] as number) | (bit << (7 - (this.#count % 8)));
      this.#count++;
    }
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

class BitReader {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #name: string;

  constructor(bytes: Uint8Array, name: string) {
    this.#bytes = bytes;
    this.#name = name;
  }

  read(width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) {
      const byte = this.#bytes[this.#at >> 3];
      if (byte === undefined)
        throw new FormatError(`${this.#name} is damaged: its set of numbers is cut short`);
      value = 2 * value + ((byte >> (7 - (this.#at & 7))) & 1);
      this.#at++;
    }
    return value;
  }
}
