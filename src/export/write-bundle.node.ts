/** Writes a bundle to disk and reads it back, so that later code uses the file itself. */

import { type BundleOptions, encodeBundle } from "../program/bundle.ts";
import { type Bundle, decodeBundle } from "../program/decode-bundle.ts";
import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import type { Provenance } from "../weights/classifier-file.ts";

export function writeBundle(
  path: string,
  options: Omit<BundleOptions, "metadata" | "temperature" | "offset">,
  provenance: Provenance,
): Bundle {
  writeFileAtomic(path, encodeBundle(options, provenance, path));
  return decodeBundle(readBytes(path), path);
}
