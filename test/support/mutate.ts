/** Damages files for fuzzing: flips bits, replaces numbers by extreme ones, and removes, duplicates and moves pieces. */

import type { Random } from "../../src/util/random.ts";

const extremes = [0, 1, 0x7f, 0x80, 0xff];

/** A damaged copy of `bytes`. */
export function mutated(bytes: Uint8Array, rng: Random): Uint8Array {
  // A Buffer's slice would not be a copy.
  let out = Uint8Array.from(bytes);
  const place = (): number => rng.integer(out.length);
  const times = 1 + rng.integer(4);
  for (let i = 0; i < times && out.length > 8; i++) {
    const at = place();
    switch (rng.integer(6)) {
      case 0:
        out[at] = (out[at] as number) ^ (1 << rng.integer(8));
        break;
      case 1:
        out[at] = extremes[rng.integer(extremes.length)] as number;
        break;
      case 2:
        out.fill(rng.chance(0.5) ? 0xff : 0, at, at + 1 + rng.integer(8));
        break;
      case 3:
        out = out.slice(0, at);
        break;
      case 4:
        out.copyWithin(place(), at, at + 1 + rng.integer(32));
        break;
      default:
        out = Uint8Array.from([...out.subarray(0, at), ...out.subarray(place())]).subarray(
          0,
          2 * bytes.length,
        );
    }
  }
  return out;
}
