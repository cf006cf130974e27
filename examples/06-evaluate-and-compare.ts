/** Scores a model on a folder of labelled images, and tests whether another one is significantly better. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare, evaluate, writeSyntheticFaces } from "vultus";

const data = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  await writeSyntheticFaces(data, { perClass: 5, validationPerClass: 20, seed: 1 });
  const { accuracy, interval, n, perClass } = await evaluate("vultus_s", data);
  const [low, high] = interval.map((share) => (100 * share).toFixed(1));
  console.log(`vultus_s: ${(100 * accuracy).toFixed(1)} % of ${n} images, 95 % interval ${low} to ${high}`);
  for (const [name, { recall }] of Object.entries(perClass))
    console.log(`  ${name}: ${(100 * recall).toFixed(0)} % found`);

  const { verdict, bothRight, onlyA, onlyB, bothWrong } = await compare("vultus_s", "vultus_m", data);
  console.log(`A is vultus_s, B is vultus_m. ${verdict}`);
  if (bothRight + onlyA + onlyB + bothWrong !== n) throw new Error("every image is in one of four groups");
} finally {
  rmSync(data, { recursive: true, force: true });
}
