/** Whether programs can run on CUDA here, and the default device. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { encodeModel, node, valueInfo } from "../onnx/model.ts";
import { messageOf } from "../util/errors.ts";
import { switchOffTelemetry } from "./no-telemetry.node.ts";
import { nativePath } from "./onnxruntime.node.ts";
import type { Device } from "./session.ts";

/** Returns the folder with this system's libraries in onnxruntime-node; undefined if onnxruntime-node is not used. */
export function runtimeFolder(): string | undefined {
  const path = nativePath();
  return path && join(dirname(path), "..", "bin", "napi-v6", process.platform, process.arch);
}

/**
 * Whether there is a driver that CUDA could use. This can be checked on Linux and WSL; on other systems only an
 * attempt shows it.
 */
export function hasNvidiaDriver(): boolean {
  return (
    process.platform !== "linux" ||
    ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"].some((path) => existsSync(path))
  );
}

export interface CudaState {
  /**
   * Whether the provider is installed. onnxruntime-node's install script downloads it, on Linux even without a GPU.
   */
  readonly installed: boolean;
  /** Why programs cannot run on it; undefined if they can. */
  readonly fault: string | undefined;
}

let state: CudaState | undefined;

/** Whether CUDA can be used. The provider is tried once, in a separate process, and only if there is a driver. */
export function cudaState(): CudaState {
  state ??= findCuda(runtimeFolder(), hasNvidiaDriver());
  return state;
}

/**
 * Like `cudaState`, for the libraries in `folder`, if given. `tried` returns the reason why a session cannot be opened, or
 * undefined if it can.
 */
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

/** Opens a session with a single node; returns the error, if any. */
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

/** Returns CUDA if programs can run on it, else the CPU. WebGPU only on request, because it may be emulated. */
export function usualDevice(): Device {
  return cudaState().fault === undefined ? "cuda" : "cpu";
}
