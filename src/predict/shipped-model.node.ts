/** The classifier that ships. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { UsageError } from "../util/errors.ts";

/** The path of the model that is used where none is named. @throws UsageError where none ships. */
export function shippedModel(): string {
  const file = fileURLToPath(new URL("../../models/vultus_m.onnx", import.meta.url));
  if (existsSync(file)) return file;
  throw new UsageError(
    `no model is named and ${file} is not there; name one with --model: a run folder, or a file that a run or an export wrote`,
  );
}
