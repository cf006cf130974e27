/** Follows a training with a loop over its events, stops it by leaving the loop, and resumes it to its end. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { train, trainEvents, writeSyntheticFaces } from "vultus";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  const data = join(folder, "faces");
  await writeSyntheticFaces(data, { perClass: 30, validationPerClass: 10, seed: 1 });
  const options = {
    data,
    out: join(folder, "run"),
    model: "vultus_s",
    recipe: "scratch",
    inputSize: 48,
    batchSize: 32,
    overrides: { "phases.all.epochs": 3 },
    device: "cpu",
  } as const;
  for await (const event of trainEvents(options)) {
    if (event.type === "step")
      console.log(`step ${event.step} of ${event.steps}, loss ${event.loss.toFixed(3)}`);
    // Leaving the loop finishes the current step and saves the run.
    if (event.type === "epochEnd") break;
  }
  const run = await train({ ...options, resume: true });
  if (run.interrupted || run.history.length !== 3) throw new Error("three epochs were asked for");
  console.log(`best in epoch ${run.best.epoch}; the report is ${run.report}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
