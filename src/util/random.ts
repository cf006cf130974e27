/**
 * Random numbers that are keyed, not streamed: the same key always gives the same numbers, regardless of earlier
 * draws, so a resumed run needs no generator state.
 */

/** Values that identify a draw: a seed, a phase, an epoch, a purpose. */
export type Key = readonly (number | string)[];

/** A stream of random numbers that restarts for every key. */
export interface Random {
  /** Returns a float in [0, 1) with 32 random bits. */
  next(): number;
  /** Returns a float in [low, high). */
  uniform(low: number, high: number): number;
  /** Returns an integer in [0, count). */
  integer(count: number): number;
  /** Returns a normal deviate with mean 0 and standard deviation 1 (Box and Muller 1958). */
  normal(): number;
  /** Returns true with the given probability. */
  chance(probability: number): boolean;
  /** Returns a gamma deviate with scale 1 (Marsaglia and Tsang 2000). */
  gamma(shape: number): number;
  /** Returns a beta deviate, for example as mixup's weight. */
  beta(a: number, b: number): number;
}

/** Returns the generator for one key. */
export function random(...key: Key): Random {
  let [a, b, c, d] = hash(key);
  // sfc32 (Doty-Humphrey, PractRand): 128 bits of state, passes BigCrush, and needs only 32-bit integer operations.
  const bits = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return sum >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  const next = (): number => bits() / 4294967296;
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * (1 - next()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  };
  return {
    next,
    normal,
    gamma,
    uniform: (low, high) => low + (high - low) * next(),
    integer: (count) => Math.floor(next() * count),
    chance: (probability) => next() < probability,
    beta: (alpha, beta) => {
      const x = gamma(alpha);
      return x / (x + gamma(beta));
    },
  };
}

/** Returns `items` in random order (Fisher and Yates); the order is the same for the same generator. */
export function shuffled<T>(items: readonly T[], rng: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = rng.integer(i + 1);
    [out[i], out[j]] = [out[j] as T, out[i] as T];
  }
  return out;
}

/** Hashes a key to 128 bits: four FNV-1a lanes over its text, each finished with Murmur3's mixer. */
function hash(key: Key): [number, number, number, number] {
  const text = JSON.stringify(key);
  const lane = (offset: number): number => {
    let h = (0x811c9dc5 ^ offset) >>> 0;
    for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) | 0;
  };
  return [lane(0), lane(0x9e3779b9), lane(0x7f4a7c15), lane(0x51ed270b)];
}
