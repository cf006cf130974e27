/**
 * The browser's implementation of `Session`, on onnxruntime-web: WebAssembly with SIMD, on several threads if the page is
 * isolated from other origins, or WebGPU. The runtime is loaded with the first session.
 */

import type * as ort from "onnxruntime-web/wasm";
import { VultusError } from "../util/errors.ts";
import { isFromElsewhere } from "../util/origin.ts";
import type { DeviceLoss } from "./device-loss.ts";
import { MOST_THREADS, openOn } from "./onnxruntime-web.ts";
import type { Session, SessionOptions } from "./session.ts";

type Ort = typeof ort;

/** The devices that run programs in a browser. */
export type WebDevice = "cpu" | "webgpu";

/** The two builds of ONNX Runtime: the build for WebGPU is twice as large, and slower on the CPU. */
export type WebRuntime = "wasm" | "webgpu";

const builds: Readonly<Record<WebRuntime, () => Promise<Ort>>> = {
  wasm: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
};

/** URLs of the builds' WebAssembly, if ONNX Runtime needs them. */
let wasmFiles: Readonly<Record<WebRuntime, string>> | undefined;

/**
 * Sets the URLs of the builds' WebAssembly. ONNX Runtime finds them itself, unless the code comes from a different host than
 * the page: then it would look for one of its files that is bundled.
 */
export function useWasmFiles(files: Readonly<Record<WebRuntime, string>>): void {
  wasmFiles = files;
}

/**
 * Loads a program; in a browser the only devices are `cpu` and `webgpu`. `runtime` is the build of ONNX Runtime to use;
 * the default is the build for the device. `threads` takes effect for the first session of a build.
 */
export async function openSession(
  model: Uint8Array,
  { device, threads, spinning = true, carries = [] }: SessionOptions,
  runtime: WebRuntime = device === "webgpu" ? "webgpu" : "wasm",
): Promise<Session> {
  if (device !== "cpu" && device !== "webgpu")
    throw new VultusError(`a browser has no device ${device}; valid: cpu and webgpu`);
  const ort = await builds[runtime]();
  const { env } = ort;
  env.logLevel = "error";
  if (wasmFiles) env.wasm.wasmPaths = { wasm: wasmFiles[runtime] };
  const most = await threadsHere();
  env.wasm.numThreads = threads > 0 ? Math.min(threads, most) : most;
  const options = { device, spinning, carries };
  if (device === "cpu") return openOn(ort, model, options);
  const session = await openOn(ort, model, { ...options, during: (work) => whileThere(work) });
  if (carries.length > 0 && !loss) {
    const { DeviceLoss: Loss, reasonOfLoss } = await import("./device-loss.ts");
    // The runtime exposes its device after the first session on it, and uses it for all later ones.
    loss = new Loss(reasonOfLoss(await env.webgpu.device));
  }
  return { ...session, release: async () => (loss?.isLost ? undefined : session.release()) };
}

/** The loss of the WebGPU device, set as soon as something trains on it. */
let loss: DeviceLoss | undefined;

function whileThere<T>(work: () => Promise<T>): Promise<T> {
  return loss ? loss.during(work) : work();
}

/**
 * Returns the number of threads that WebAssembly may use here: one, unless the page is isolated from other origins. ONNX
 * Runtime starts each thread as a worker from its own file, so there is also only one if that file is on a different host,
 * or contains this code too.
 */
export async function threadsHere(): Promise<number> {
  if (!globalThis.crossOriginIsolated || isFromElsewhere(import.meta.url)) return 1;
  const { address } = await import("./loaded-later.web.ts");
  return address === import.meta.url ? 1 : Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
}

/** Whether WebGPU runs on a graphics processor rather than an emulation. */
export async function hasWebGpu(): Promise<boolean> {
  try {
    const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
    const adapter = await gpu?.requestAdapter();
    return adapter ? !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false) : false;
  } catch {
    return false;
  }
}

/** The part of GPUAdapter used here; the property that marks a fallback has moved between versions. */
interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
  readonly isFallbackAdapter?: boolean;
}
