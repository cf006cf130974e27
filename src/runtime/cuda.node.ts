/** Whether programs can run on CUDA here, and the default device. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeModel, node, valueInfo } from "../onnx/model.ts";
import { messageOf } from "../util/errors.ts";
import { switchOffTelemetry } from "./no-telemetry.node.ts";
import { nativePath } from "./onnxruntime.node.ts";
import type { Device } from "./session.ts";

/** Where the libraries of this system lie within onnxruntime-node; undefined if that is not used. */
export function runtimeFolder(): string | undefined {
  const path = nativePath();
  return path && join(dirname(path), "..", "bin", "napi-v6", process.platform, process.arch);
}

/** Whether there is a driver that CUDA could use, on Linux and WSL; elsewhere only an attempt shows it. */
export function hasNvidiaDriver(): boolean {
  return (
    process.platform !== "linux" ||
    ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"].some((path) => existsSync(path))
  );
}

export interface CudaState {
  /** onnxruntime-node's install script downloads the provider, on Linux whether or not there is a GPU. */
  readonly installed: boolean;
  /** Why programs cannot run on it; undefined if they can. */
  readonly fault: string | undefined;
}

let state: CudaState | undefined;

/** Whether CUDA can be used. The provider is tried once, in a process of its own, and only if there is a driver. */
export function cudaState(): CudaState {
  state ??= findCuda(runtimeFolder(), hasNvidiaDriver());
  return state;
}

/** As `cudaState`, for libraries in `folder`, if there is one. `tried` returns why a session cannot be opened, undefined if it can. */
export function findCuda(
  folder: string | undefined,
  hasDriver: boolean,
  tried: () => string | undefined = trySession,
): CudaState {
  const files = ["libonnxruntime_providers_cuda.so", "onnxruntime_providers_cuda.dll"];
  const installed = folder !== undefined && files.some((file) => existsSync(join(folder, file)));
  if (!installed) return { installed, fault: "its provider is not installed" };
  return { installed, fault: hasDriver ? tried() : "there is no NVIDIA driver" };
}

/** Opens a session of one node; returns the error. */
function trySession(): string | undefined {
  switchOffTelemetry();
  const model = encodeModel({
    name: "try",
    nodes: [node("Neg", "try", ["in"], ["out"], [])],
    inputs: [valueInfo("in", "float32", [1])],
    outputs: [valueInfo("out", "float32", [1])],
    initializers: [],
  });
  const script = `require(${JSON.stringify(nativePath())}).InferenceSession
    .create(Buffer.from("${Buffer.from(model).toString("base64")}", "base64"), { executionProviders: ["cuda"] })
    .then(() => process.exit(0), (error) => { console.log(error.message); process.exit(1); })`;
  try {
    execFileSync(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"], timeout: 60_000 });
    return undefined;
  } catch (error) {
    const { stdout } = error as { stdout?: Buffer };
    return stdout?.toString().trim() || messageOf(error);
  }
}

/** CUDA if programs can run on it, else the CPU. WebGPU only on request, because it may be emulated. */
export function usualDevice(): Device {
  return cudaState().fault === undefined ? "cuda" : "cpu";
}
