/**
 * The browser's implementation of `Session`, on onnxruntime-web: WebAssembly with SIMD, on several threads where the page
 * is isolated from other origins, or WebGPU. The runtime is loaded with the first session.
 */

import type * as ort from "onnxruntime-web/wasm";
import { VultusError } from "../util/errors.ts";
import { isFromElsewhere } from "../util/origin.ts";
import type { DeviceLoss } from "./device-loss.ts";
import { MOST_THREADS, openOn } from "./onnxruntime-web.ts";
import type { Session, SessionOptions } from "./session.ts";

type Ort = typeof ort;

/** What a browser runs programs on. */
export type WebDevice = "cpu" | "webgpu";

/** The two builds of ONNX Runtime: the one for WebGPU is twice as large, and slower on the CPU. */
export type WebRuntime = "wasm" | "webgpu";

const builds: Readonly<Record<WebRuntime, () => Promise<Ort>>> = {
  wasm: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
};

/** URLs of the builds' WebAssembly, if ONNX Runtime needs them. */
let wasmFiles: Readonly<Record<WebRuntime, string>> | undefined;

/**
 * Tells where the WebAssembly of each build lies. ONNX Runtime knows that of itself, unless the code comes from another host
 * than the page: then it would look for a part of itself that is built in.
 */
export function useWasmFiles(files: Readonly<Record<WebRuntime, string>>): void {
  wasmFiles = files;
}

/**
 * Loads a program; of the devices only `cpu` and `webgpu` are in a browser. `runtime` is the build of ONNX Runtime that
 * runs it, by default the one for the device; `threads` counts for the first session of a build.
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
    // The runtime names its device once it has a session on it, and keeps it for all others.
    loss = new Loss(reasonOfLoss(await env.webgpu.device));
  }
  return { ...session, release: async () => (loss?.isLost ? undefined : session.release()) };
}

/** Of the device of WebGPU, as soon as something trains on it. */
let loss: DeviceLoss | undefined;

function whileThere<T>(work: () => Promise<T>): Promise<T> {
  return loss ? loss.during(work) : work();
}

/**
 * Threads that WebAssembly may use here: one, unless the page is isolated from other origins. ONNX Runtime starts each as a
 * worker from its own file, so there is one also if that file is another host's, or holds this code too.
 */
export async function threadsHere(): Promise<number> {
  if (!globalThis.crossOriginIsolated || isFromElsewhere(import.meta.url)) return 1;
  const { address } = await import("./loaded-later.web.ts");
  return address === import.meta.url ? 1 : Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
}

/** Whether WebGPU runs on a graphics processor and not on an emulation. */
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
