/** Writes a bundle to disk and reads it back: what is used from then on is the file. */

import { type BundleOptions, compileBundle } from "../program/bundle.ts";
import { type Bundle, decodeBundle } from "../program/decode-bundle.ts";
import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import { classifierMetadata, type Provenance } from "../weights/classifier-file.ts";

export function writeBundle(
  path: string,
  options: Omit<BundleOptions, "metadata">,
  provenance: Provenance,
): Bundle {
  const { architecture, temperature = 1 } = options;
  const metadata = classifierMetadata(architecture, { ...provenance, temperature });
  writeFileAtomic(path, compileBundle({ ...options, metadata }).model);
  return decodeBundle(readBytes(path), path);
}
