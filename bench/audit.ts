/**
 * Measures how the search for near-duplicates scales with the number of images:
 *
 *     node --import tsx bench/audit.ts [30000 100000 1000000]
 *
 * Hashes are made from random frequencies. One in ten is a copy of an earlier one with noise, like a slightly cropped image; the
 * last column is the number of these copies found. An audit makes 50 queries per image: 25 windows, each plain and mirrored; here
 * every hash is queried once. Seconds are CPU time, which other work on the machine hardly affects.
 */

import { indexHashes } from "../src/audit/hash-index.ts";
import { BITS, hashOf, WORDS } from "../src/data/perceptual-hash.ts";
import { random } from "../src/util/random.ts";

const RADIUS = 14;
/** Ratio of noise to the spread of a frequency: flips 6 of 63 bits at the median, like half a pixel of misalignment. */
const NOISE = 0.3;

const given = process.argv.slice(2).map(Number);
const counts = given.length > 0 ? given : [30_000, 100_000, 1_000_000];
console.log("  hashes   index s   search s   µs/query   compared/query   copies found   peak MB");
for (const count of counts) {
  const rng = random("bench audit", count);
  const values = new Float32Array(count * BITS);
  const hashes = new Uint32Array(count * WORDS);
  const copyOf = new Int32Array(count).fill(-1);
  for (let i = 0; i < count; i++) {
    const source = i > 0 && rng.chance(0.1) ? rng.integer(i) : -1;
    copyOf[i] = source;
    for (let bit = 0; bit < BITS; bit++) {
      const base = source < 0 ? 0 : (values[source * BITS + bit] as number);
      values[i * BITS + bit] = base + (source < 0 ? 1 : NOISE) * rng.normal();
    }
    hashes.set(hashOf(values.subarray(i * BITS, (i + 1) * BITS)), i * WORDS);
  }
  const start = process.cpuUsage();
  const index = indexHashes(hashes);
  const indexSeconds = secondsSince(start);
  const built = process.cpuUsage();
  let found = 0;
  for (let i = 0; i < count; i++) {
    const hash = hashes.subarray(i * WORDS, (i + 1) * WORDS);
    const near = index.near(hash, values.subarray(i * BITS, (i + 1) * BITS), RADIUS);
    if ((copyOf[i] as number) >= 0 && near.has(copyOf[i] as number)) found++;
  }
  const seconds = secondsSince(built);
  const copies = copyOf.reduce((sum, source) => sum + (source >= 0 ? 1 : 0), 0);
  const cells = [
    String(count).padStart(8),
    indexSeconds.toFixed(2).padStart(10),
    seconds.toFixed(2).padStart(11),
    ((1e6 * seconds) / count).toFixed(1).padStart(11),
    (index.compared() / count).toFixed(1).padStart(17),
    `${((100 * found) / copies).toFixed(1)} %`.padStart(15),
    (process.resourceUsage().maxRSS / 1000).toFixed(0).padStart(10),
  ];
  console.log(cells.join(""));
}

function secondsSince(start: NodeJS.CpuUsage): number {
  return process.cpuUsage(start).user / 1e6;
}
