/** PyTorch's files on disk. */

import { readBytes, writeFileAtomic } from "../util/files.node.ts";
import type { StateDict } from "../util/tensor.ts";
import { decodePytorch, type PytorchContent } from "./pytorch.ts";
import { encodePytorchParts } from "./write-pytorch.ts";

export function readPytorch(path: string): PytorchContent {
  return decodePytorch(readBytes(path), path, true);
}

/** Writes the file whole or not at all. */
export function writePytorch(
  path: string,
  tensors: StateDict,
  metadata?: Readonly<Record<string, string>>,
): void {
  writeFileAtomic(path, encodePytorchParts(tensors, metadata));
}
