/** The models that ship with vultus: bundles in `models/`, trained by vultus itself, by the name of their backbone. */

import { existsSync, readdirSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { UsageError } from "../util/errors.ts";
import { didYouMean } from "../util/nearest.ts";
import { packageFile } from "../util/package.node.ts";

/** The default model. */
export const DEFAULT_MODEL = "vultus_m";

const folder = packageFile("models/");

/** Names of the bundles that ship. */
export function shippedModels(): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((file) => (file.endsWith(".onnx") ? [file.slice(0, -5)] : []))
    .sort();
}

/** Whether this is the name or the file of a model that ships. */
export function isShipped(model: string): boolean {
  return shippedModels().some((name) => model === name || resolve(model) === join(folder, `${name}.onnx`));
}

/** The file of a set of training images that models which ship refer to by this name; undefined if it is not there. */
export function shippedImages(name: string): string | undefined {
  const path = join(folder, `${basename(name)}.images`);
  return existsSync(path) ? path : undefined;
}

/**
 * The file of a shipped model.
 * @throws UsageError for a name that does not ship.
 */
export function shippedModel(name: string = DEFAULT_MODEL): string {
  const names = shippedModels();
  if (names.includes(name)) return join(folder, `${name}.onnx`);
  throw new UsageError(
    names.length > 0
      ? `no model "${name}" comes with vultus.${didYouMean(name, names)} Valid: ${names.join(", ")}`
      : `${folder} contains no model; name a run folder, or a file that a run or an export wrote`,
  );
}
