/**
 * Finds nearby hashes without comparing all pairs: one table per word, queried with the likely variations of each word.
 */

import { distance, WORD_BITS, WORDS } from "../data/perceptual-hash.ts";

/**
 * Number of bits per word that are tried both ways. A small change of the image flips bits whose frequency is near the
 * threshold, and the query knows which bits these are ("multi-probe", Lv et al., VLDB 2007). A pigeonhole search would
 * need as many flipped bits anywhere in a word: a hundred times the work for the same recall.
 */
const WEAK_BITS = 5;

export interface HashIndex {
  /**
   * Returns positions of hashes within `radius` bits of `hash`. `values` are the numbers whose signs form `hash`; their
   * magnitudes select the bits to try. The search is approximate: it finds hashes that agree in at least one word,
   * except for its weakest bits.
   */
  near(hash: Uint32Array, values: Float32Array, radius: number): ReadonlySet<number>;
  /** Number of hash comparisons so far. */
  compared(): number;
}

/** `hashes` holds `WORDS` words per image. Memory: 4 bytes per hash and word, plus 8 MB per word. */
export function indexHashes(hashes: Uint32Array): HashIndex {
  const tables = Array.from({ length: WORDS }, (_, word) => tableOf(hashes, word));
  let compared = 0;
  return {
    compared: () => compared,
    near(hash, values, radius) {
      const found = new Set<number>();
      for (const [word, { starts, positions }] of tables.entries()) {
        for (const mask of variations(values, word)) {
          const key = (hash[word] as number) ^ mask;
          const end = starts[key + 1] as number;
          for (let i = starts[key] as number; i < end; i++) {
            const position = positions[i] as number;
            compared++;
            if (distance(hash, 0, hashes, WORDS * position) <= radius) found.add(position);
          }
        }
      }
      return found;
    },
  };
}

interface Table {
  /** Start of the positions of each key; they end at the next key's start. */
  readonly starts: Uint32Array;
  readonly positions: Uint32Array;
}

/** Builds a table with a counting sort by one word. */
function tableOf(hashes: Uint32Array, word: number): Table {
  const starts = new Uint32Array(2 ** WORD_BITS + 1);
  const count = hashes.length / WORDS;
  const key = (position: number): number => hashes[WORDS * position + word] as number;
  for (let i = 0; i < count; i++) starts[key(i)] = (starts[key(i)] as number) + 1;
  for (let k = 1; k < starts.length; k++) starts[k] = (starts[k] as number) + (starts[k - 1] as number);
  const positions = new Uint32Array(count);
  // Iterates backwards: each start initially is the end, and moves down as its positions are filled in.
  for (let i = count - 1; i >= 0; i--) {
    const at = (starts[key(i)] as number) - 1;
    starts[key(i)] = at;
    positions[at] = i;
  }
  return { starts, positions };
}

/** Returns every way to flip some of the weakest bits of a word, including none. */
function variations(values: Float32Array, word: number): Uint32Array {
  const sizes = new Float64Array(WEAK_BITS).fill(Number.POSITIVE_INFINITY);
  const places = new Uint32Array(WEAK_BITS);
  for (let place = 0; place < WORD_BITS; place++) {
    const size = Math.abs(values[WORDS * place + word] as number);
    let rank = WEAK_BITS - 1;
    if (size >= (sizes[rank] as number)) continue;
    for (; rank > 0 && size < (sizes[rank - 1] as number); rank--) {
      sizes[rank] = sizes[rank - 1] as number;
      places[rank] = places[rank - 1] as number;
    }
    sizes[rank] = size;
    places[rank] = place;
  }
  const masks = new Uint32Array(2 ** WEAK_BITS);
  for (let rank = 0; rank < WEAK_BITS; rank++) {
    for (let i = 0; i < 1 << rank; i++)
      masks[(1 << rank) + i] = (masks[i] as number) | (1 << (places[rank] as number));
  }
  return masks;
}
