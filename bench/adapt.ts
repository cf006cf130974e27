/**
 * Measures the shipped model on an unfamiliar kind of faces, before and after adapting it to a few of them:
 *
 *     npm run build && node --import tsx bench/adapt.ts [--per-class 20] [--model vultus_m] [--seeds 3]
 *
 * draws faces, scores the shipped model on 600 of them, trains the recipe `adapt` on `per-class` others of each class,
 * and scores again. Prints one line of JSON per seed.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { shippedModel } from "../src/weights/shipped.node.ts";

const { values } = parseArgs({
  options: {
    "per-class": { type: "string", default: "20" },
    model: { type: "string", default: "vultus_m" },
    seeds: { type: "string", default: "3" },
  },
});

/** The JSON output of a vultus command. */
function vultus(...args: string[]) {
  const text = execFileSync(process.execPath, ["bin/vultus.js", ...args, "--json"], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(text) as { accuracy: number; interval: [number, number]; seconds: number };
}

for (let seed = 0; seed < Number(values.seeds); seed++) {
  const folder = mkdtempSync(join(tmpdir(), "vultus-adapt-"));
  try {
    const [faces, run] = [join(folder, "faces"), join(folder, "run")];
    const perClass = Number(values["per-class"]);
    await writeSyntheticFaces(faces, { perClass, validationPerClass: 100, seed });
    const before = vultus("evaluate", shippedModel(values.model), faces);
    const adapt = [
      "--recipe",
      "adapt",
      "--model",
      values.model,
      "--weights",
      "vultus",
      "--seed",
      String(seed),
    ];
    const started = performance.now();
    vultus("train", faces, ...adapt, "--out", run);
    const seconds = (performance.now() - started) / 1000;
    const after = vultus("evaluate", run, faces);
    const [zeroShot, adapted] = [before, after].map(({ accuracy, interval }) => ({ accuracy, interval }));
    console.log(JSON.stringify({ seed, perClass, zeroShot, adapted, seconds: Math.round(seconds) }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
