/** The classes that a model predicts for face crops. */

import type { Picture } from "../../src/data/dataset.ts";
import { inMemory, runBundle } from "../../src/evaluate/run-bundle.ts";
import type { Bundle } from "../../src/program/decode-bundle.ts";
import type { OpenProgram } from "../../src/runtime/engine.ts";

/** The most probable class of each crop; `open` loads the bundle's program on an engine. */
export async function labelsOf(
  open: OpenProgram,
  bundle: Pick<Bundle, "architecture" | "input">,
  crops: readonly Picture[],
): Promise<string[]> {
  const { classes } = bundle.architecture;
  const { probabilities } = await runBundle(open, bundle, inMemory(crops));
  return crops.map((_, i) => {
    const row = probabilities.subarray(i * classes.length, (i + 1) * classes.length);
    return classes[row.indexOf(Math.max(...row))] as string;
  });
}
