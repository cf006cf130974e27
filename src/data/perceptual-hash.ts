/**
 * A perceptual hash of an image: the signs of its 63 lowest cosine frequencies, in three words of 21 bits. Few bits
 * differ between an image and a brighter, recompressed or slightly cropped copy.
 */

import { SIDE } from "./thumbnail.ts";

export const WORDS = 3;
/**
 * Each word is a key of `HashIndex`: 2 million different ones, so that each key is rare in any data set of this kind.
 */
export const WORD_BITS = 21;

/**
 * A part of an image, as shares of its width or height cut off at each end; with negative shares, its edge is repeated
 * outwards.
 */
export interface Window {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const wholePicture: Window = { left: 0, right: 0, top: 0, bottom: 0 };

interface Frequency {
  readonly u: number;
  readonly v: number;
}

/** Horizontal and vertical frequencies, in half waves per image: the lowest after the mean. */
const frequencies: readonly Frequency[] = Array.from({ length: 144 }, (_, i) => ({
  u: i % 12,
  v: Math.floor(i / 12),
}))
  .filter(({ u, v }) => u + v > 0)
  .sort((a, b) => a.u ** 2 + a.v ** 2 - (b.u ** 2 + b.v ** 2) || a.u - b.u)
  .slice(0, WORDS * WORD_BITS);

export const BITS = frequencies.length;
const highest = 1 + Math.max(...frequencies.map(({ u, v }) => Math.max(u, v)));

/**
 * A mirrored image has the same frequencies, with flipped signs for waves that are odd from left to right. So the hash of
 * the mirror image is the hash with these bits flipped, and need not be computed. Neighbouring frequencies go to
 * different words, so that each word contains both coarse and fine ones.
 */
export const mirrorMask: Uint32Array = hashWhere((bit) => (frequencies[bit]?.u ?? 0) % 2 === 1);

/** Builds a hash: bit `bit` is in word `bit % WORDS` at position `bit / WORDS`. */
function hashWhere(isSet: (bit: number) => boolean): Uint32Array {
  const words = new Uint32Array(WORDS);
  for (let bit = 0; bit < BITS; bit++) {
    if (isSet(bit)) words[bit % WORDS] = (words[bit % WORDS] as number) | (1 << Math.floor(bit / WORDS));
  }
  return words;
}

/**
 * Returns a function from thumbnails to the frequencies of each window, normalised to unit length, which cancels
 * contrast and exposure. Windows with the same left and right edge share the pass along the rows, which is most of the
 * work.
 */
export function transform(windows: readonly Window[]): (thumbnail: Uint8Array) => Float32Array[] {
  const passes = new Map<string, { across: Float64Array; downs: { down: Float64Array; place: number }[] }>();
  for (const [place, { left, right, top, bottom }] of windows.entries()) {
    const key = `${left} ${right}`;
    const pass = passes.get(key) ?? { across: waves(left, right), downs: [] };
    pass.downs.push({ down: waves(top, bottom), place });
    passes.set(key, pass);
  }
  const half = new Float64Array(SIDE * highest);
  return (thumbnail) => {
    const out: Float32Array[] = new Array(windows.length);
    for (const { across, downs } of passes.values()) {
      alongRows(thumbnail, across, half);
      for (const { down, place } of downs) out[place] = alongColumns(half, down);
    }
    return out;
  };
}

function alongRows(thumbnail: Uint8Array, across: Float64Array, half: Float64Array): void {
  for (let y = 0; y < SIDE; y++) {
    for (let u = 0; u < highest; u++) {
      let sum = 0;
      for (let x = 0; x < SIDE; x++)
        sum += (thumbnail[y * SIDE + x] as number) * (across[u * SIDE + x] as number);
      half[u * SIDE + y] = sum;
    }
  }
}

function alongColumns(half: Float64Array, down: Float64Array): Float32Array {
  const out = new Float32Array(BITS);
  let square = 0;
  for (let bit = 0; bit < BITS; bit++) {
    const { u, v } = frequencies[bit] as Frequency;
    let sum = 0;
    for (let y = 0; y < SIDE; y++) sum += (half[u * SIDE + y] as number) * (down[v * SIDE + y] as number);
    out[bit] = sum;
    square += sum * sum;
  }
  // A constant image leaves rounding errors, which must not be amplified.
  const scale = square > 1e-9 ? 1 / Math.sqrt(square) : 0;
  for (let bit = 0; bit < BITS; bit++) out[bit] = (out[bit] as number) * scale;
  return out;
}

/**
 * Returns `[frequency, cell]`: the integral of the cosine over the part of the cell in the window; a constant gives 0.
 */
function waves(before: number, after: number): Float64Array {
  const start = before * SIDE;
  const length = SIDE * (1 - before - after);
  const out = new Float64Array(highest * SIDE);
  for (let f = 0; f < highest; f++) {
    for (let cell = 0; cell < SIDE; cell++) {
      const from = cell === 0 ? 0 : Math.min(length, Math.max(0, cell - start));
      const to = cell === SIDE - 1 ? length : Math.min(length, Math.max(0, cell + 1 - start));
      const k = (Math.PI * f) / length;
      out[f * SIDE + cell] = f === 0 ? to - from : (Math.sin(k * to) - Math.sin(k * from)) / k;
    }
  }
  return out;
}

/**
 * The mean frequencies of all images and their mirror images. Features that all faces share do not distinguish them, so bits
 * are signs of the difference from this mean. Its odd waves are zero, which keeps `mirrorMask` valid.
 */
export function meanFrequencies(all: readonly Float32Array[]): Float64Array {
  const mean = new Float64Array(BITS);
  for (const [bit, { u }] of frequencies.entries()) {
    if (u % 2 === 1) continue;
    for (const one of all) mean[bit] = (mean[bit] as number) + (one[bit] as number) / all.length;
  }
  return mean;
}

/** Returns the hash of `values`, the frequencies minus the mean. */
export function hashOf(values: Float32Array): Uint32Array {
  return hashWhere((bit) => (values[bit] as number) > 0);
}

/** Returns the number of bits in which two hashes differ. */
export function distance(a: Uint32Array, atA: number, b: Uint32Array, atB: number): number {
  let count = 0;
  for (let word = 0; word < WORDS; word++)
    count += bitCount((a[atA + word] as number) ^ (b[atB + word] as number));
  return count;
}

function bitCount(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return Math.imul((w + (w >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
