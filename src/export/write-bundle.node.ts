/** Writes a bundle to disk and reads it back: what is used from then on is the file. */

import { type BundleOptions, compileBundle } from "../program/bundle.ts";
import { type Bundle, decodeBundle } from "../program/decode-bundle.ts";
import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import { answeringOf, classifierMetadata, type Provenance } from "../weights/classifier-file.ts";

export function writeBundle(
  path: string,
  options: Omit<BundleOptions, "metadata" | "temperature" | "offset">,
  provenance: Provenance,
): Bundle {
  const metadata = classifierMetadata(options.architecture, { temperature: 1, ...provenance });
  writeFileAtomic(path, compileBundle({ ...options, ...answeringOf(metadata, path), metadata }).model);
  return decodeBundle(readBytes(path), path);
}
