/** The device that programs run on where none is named, found without loading ONNX Runtime. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { onnxruntimePath } from "./onnxruntime.node.ts";
import type { Device } from "./session.ts";

/** Whether onnxruntime-node's install script was run, which downloads the CUDA provider beside the binding. */
export function hasCuda(): boolean {
  const folder = join(dirname(onnxruntimePath()), "..", "bin", "napi-v6", process.platform, process.arch);
  return (
    existsSync(join(folder, "libonnxruntime_providers_cuda.so")) ||
    existsSync(join(folder, "onnxruntime_providers_cuda.dll"))
  );
}

/** CUDA where its provider is installed, else the CPU. WebGPU only on request, since it may be emulated. */
export function usualDevice(): Device {
  return hasCuda() ? "cuda" : "cpu";
}
