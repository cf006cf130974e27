/** Exports a model to other formats; each file is read back and compared with the original model. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportModel, writeSyntheticFaces } from "vultus";

const folder = mkdtempSync(join(tmpdir(), "vultus-example-"));
try {
  const data = join(folder, "faces");
  await writeSyntheticFaces(data, { perClass: 10, validationPerClass: 10, seed: 1 });
  const { files } = await exportModel("vultus_s", {
    to: ["bundle", "fp16", "safetensors"],
    out: join(folder, "export"),
    data,
  });
  for (const { path, bytes, maxProbabilityDifference } of files)
    console.log(
      `${path}: ${(bytes / 1e6).toFixed(2)} MB, probabilities within ${maxProbabilityDifference.toExponential(1)}`,
    );
  if (files.length !== 3) throw new Error("three files were asked for");
} finally {
  rmSync(folder, { recursive: true, force: true });
}
