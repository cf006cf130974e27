/** PyTorch's files on disk. */

import { writeFileAtomic } from "../util/files.node.ts";
import type { StateDict } from "../util/tensor.ts";
import { encodePytorchParts } from "./write-pytorch.ts";

/** Writes the file completely or not at all. */
export function writePytorch(
  path: string,
  tensors: StateDict,
  metadata?: Readonly<Record<string, string>>,
): void {
  writeFileAtomic(path, encodePytorchParts(tensors, metadata));
}
