/**
 * The browser's implementation of `Session`, on onnxruntime-web: WebAssembly with SIMD, on several threads where the page
 * is isolated from other origins, or WebGPU. The runtime is loaded with the first session.
 */

import type * as ort from "onnxruntime-web/wasm";
import { messageOf, VultusError } from "../util/errors.ts";
import { isFromElsewhere } from "../util/origin.ts";
import { fromOrt, mapValues, toOrt, writtenInto } from "./ort-tensors.ts";
import type { Session, SessionOptions } from "./session.ts";

type Ort = typeof ort;

/** The two builds of ONNX Runtime: the one for WebGPU is twice as large, and slower on the CPU. */
export type WebRuntime = "wasm" | "webgpu";

const builds: Readonly<Record<WebRuntime, () => Promise<Ort>>> = {
  wasm: () => import("onnxruntime-web/wasm"),
  webgpu: () => import("onnxruntime-web/webgpu"),
};

/** Addresses of the builds' WebAssembly, where ONNX Runtime must be told. */
let wasmFiles: Readonly<Record<WebRuntime, string>> | undefined;

/**
 * Tells where the WebAssembly of each build lies. ONNX Runtime knows that of itself, unless the code comes from another host
 * than the page: then it would look for a part of itself that is built in.
 */
export function useWasmFiles(files: Readonly<Record<WebRuntime, string>>): void {
  wasmFiles = files;
}

/** More threads gain little on networks of this size, and each takes memory. */
const MOST_THREADS = 8;

/** Runs wait for each other: on WebGPU two at a time are refused, on the CPU they would take each other's threads. */
let last: Promise<unknown> = Promise.resolve();

/**
 * Loads a program; of the devices only `cpu` and `webgpu` are in a browser. `runtime` is the build of ONNX Runtime that
 * runs it, by default the one for the device; `threads` counts for the first session of a build.
 */
export async function openSession(
  model: Uint8Array,
  { device, threads, spinning = true }: SessionOptions,
  runtime: WebRuntime = device === "webgpu" ? "webgpu" : "wasm",
): Promise<Session> {
  if (device !== "cpu" && device !== "webgpu")
    throw new VultusError(`a browser has no device ${device}; valid are cpu and webgpu`);
  const { env, InferenceSession, Tensor } = await builds[runtime]();
  env.logLevel = "error";
  if (wasmFiles) env.wasm.wasmPaths = { wasm: wasmFiles[runtime] };
  const most = await threadsHere();
  env.wasm.numThreads = threads > 0 ? Math.min(threads, most) : most;
  const create = (): Promise<ort.InferenceSession> =>
    InferenceSession.create(model, {
      executionProviders: [device === "cpu" ? "wasm" : "webgpu"],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
    });
  let session: ort.InferenceSession;
  try {
    session = await inTurn(create);
  } catch (error) {
    throw new VultusError(`ONNX Runtime cannot load the program on ${device}: ${messageOf(error)}`);
  }
  return {
    async run(feeds, outputs = {}) {
      const inputs = mapValues(feeds, (feed) => toOrt(Tensor, feed));
      // onnxruntime-web cannot write into memory that is given to it.
      return writtenInto(mapValues(await inTurn(() => session.run(inputs)), fromOrt), outputs);
    },
    release: () => session.release(),
  };
}

/**
 * Threads that WebAssembly may use here: one, unless the page is isolated from other origins. ONNX Runtime starts each as a
 * worker from its own file, so there is one also where that file is another host's, or holds this code too.
 */
export async function threadsHere(): Promise<number> {
  if (!globalThis.crossOriginIsolated || isFromElsewhere(import.meta.url)) return 1;
  const { address } = await import("./loaded-later.web.ts");
  return address === import.meta.url ? 1 : Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS);
}

/** Whether there is a graphics processor behind WebGPU, and no program that pretends to be one. */
export async function hasWebGpu(): Promise<boolean> {
  try {
    const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<Adapter | null> } };
    const adapter = await gpu?.requestAdapter();
    return adapter ? !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false) : false;
  } catch {
    return false;
  }
}

/** What of a GPUAdapter is asked here; where it says that it is a fallback has moved. */
interface Adapter {
  readonly info?: { readonly isFallbackAdapter?: boolean };
  readonly isFallbackAdapter?: boolean;
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}
