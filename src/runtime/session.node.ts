/** The Node implementation of `Session`, on onnxruntime-node. */

import "./no-telemetry.node.ts";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { messageOf, VultusError } from "../util/errors.ts";
import type { DType, Tensor, TypedArray } from "../util/tensor.ts";
import type { Session, SessionOptions } from "./session.ts";

/** Loads a program; the error of one that the runtime refuses carries its reason. */
export async function openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  const { device, threads, profile, spinning = true } = options;
  let session: ort.InferenceSession;
  try {
    session = await ort.InferenceSession.create(model, {
      executionProviders: [device],
      graphOptimizationLevel: "all",
      executionMode: "sequential",
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
      ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
    });
  } catch (error) {
    throw new VultusError(`ONNX Runtime cannot load the program on ${device}: ${messageOf(error)}`);
  }
  return {
    async run(feeds, outputs) {
      const fetches: ort.InferenceSession.OnnxValueMapType = {};
      const wanted: Record<string, ort.OnnxValue | null> = fetches;
      for (const name of session.outputNames) wanted[name] = outputs?.[name] ? toOrt(outputs[name]) : null;
      const results = await session.run(mapValues(feeds, toOrt), fetches);
      return mapValues(results as Record<string, ort.Tensor>, fromOrt);
    },
    async release() {
      if (profile) session.endProfiling();
      await session.release();
    },
  };
}

/** Execution providers that can run here: those in the package, and CUDA where its library was added. */
export function providers(): string[] {
  return ort
    .listSupportedBackends()
    .filter(({ name, bundled }) => bundled || (name === "cuda" && hasCuda()))
    .map(({ name }) => name);
}

/** Whether onnxruntime-node's install script was run, which downloads the CUDA provider beside the binding. */
function hasCuda(): boolean {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  const folder = join(dirname(entry), "..", "bin", "napi-v6", process.platform, process.arch);
  return (
    existsSync(join(folder, "libonnxruntime_providers_cuda.so")) ||
    existsSync(join(folder, "onnxruntime_providers_cuda.dll"))
  );
}

/** Version of ONNX Runtime. */
export function runtimeVersion(): string {
  return ort.env.versions.node ?? ort.env.versions.common;
}

function toOrt(tensor: Tensor): ort.Tensor {
  return new ort.Tensor(tensor.dtype, halfAware(tensor) as ort.Tensor.DataType, tensor.shape);
}

/** Runtimes that know Float16Array want halves as one; older ones want the raw bits. */
function halfAware({ dtype, data }: Tensor): TypedArray {
  const { Float16Array: Half } = globalThis as {
    Float16Array?: new (b: ArrayBufferLike, o: number, n: number) => TypedArray;
  };
  return dtype === "float16" && Half ? new Half(data.buffer, data.byteOffset, data.length) : data;
}

function fromOrt(tensor: ort.Tensor): Tensor {
  const dtype = tensor.type as DType;
  const data = tensor.data as TypedArray;
  const raw = dtype === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dtype, shape: tensor.dims, data: raw };
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
