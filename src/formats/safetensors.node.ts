/** Safetensors files on disk. */

import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import type { StateDict } from "../util/tensor.ts";
import { decodeSafetensors, encodeSafetensorsParts, type SafetensorsContent } from "./safetensors.ts";

export function readSafetensors(path: string): SafetensorsContent {
  return decodeSafetensors(readBytes(path), path);
}

/** Writes the file completely or not at all. */
export function writeSafetensors(
  path: string,
  tensors: StateDict,
  metadata?: Readonly<Record<string, string>>,
): void {
  writeFileAtomic(path, encodeSafetensorsParts(tensors, metadata));
}
