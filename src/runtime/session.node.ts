/** The Node implementation of `Session`: on onnxruntime-node or, if that cannot be loaded, on WebAssembly. */

import type * as ort from "onnxruntime-node";
import { messageOf, VultusError } from "../util/errors.ts";
import { carriedOnDevice, type DeviceProgram, keptOnDevice } from "./carried-on-device.ts";
import { cudaState } from "./cuda.node.ts";
import { nativeRuntime } from "./onnxruntime.node.ts";
import { fromOrt, mapValues, toOrt, writtenInto } from "./ort-tensors.ts";
import { inPlace, type Runtime } from "./results-in-place.node.ts";
import type { Session, SessionOptions } from "./session.ts";
import { openSession as openOnWebAssembly, webAssembly } from "./webassembly.node.ts";

/** Loads a program; if the runtime refuses it, the error contains the reason. */
export async function openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  const native = nativeRuntime();
  return native ? openSessionOn(native, model, options) : openOnWebAssembly(model, options);
}

/** Like `openSession`, on the given onnxruntime-node; tests pass one with different behaviour. */
export async function openSessionOn(
  runtime: Runtime,
  model: Uint8Array,
  options: SessionOptions,
): Promise<Session> {
  const { device, threads, profile, spinning = true, carries = [] } = options;
  const carried = carries.length === 0 ? "nothing" : device === "webgpu" ? "on the device" : "in memory";
  const common: ort.InferenceSession.SessionOptions = {
    executionProviders: [device],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
  };
  const uncopied = carried === "in memory" ? await inPlace(runtime) : undefined;
  let session: ort.InferenceSession;
  try {
    session = await runtime.InferenceSession.create(uncopied?.prepare(model) ?? model, {
      ...common,
      // Planning all memory before the run doesn't speed up steps or predictions, and uses up to a third more memory.
      enableMemPattern: false,
      ...(profile ? { enableProfiling: true, profileFilePrefix: profile } : {}),
      ...(carried === "on the device" ? { preferredOutputLocation: keptOnDevice(carries) } : {}),
    });
  } catch (error) {
    throw new VultusError(`ONNX Runtime cannot load the program on ${device}: ${messageOf(error)}`);
  }
  const names = uncopied?.resultsOf(session) ?? session.outputNames;
  const onDevice =
    carried === "on the device"
      ? carriedOnDevice(runtime.Tensor, asProgram(session), carries, async (copy) =>
          asProgram(await runtime.InferenceSession.create(copy, common)),
        )
      : undefined;
  return {
    ...(onDevice ? { carried: onDevice } : {}),
    async run(feeds, outputs = {}) {
      const inputs = mapValues(feeds, (feed) => toOrt(runtime.Tensor, feed));
      const given = mapValues(outputs, (output) => toOrt(runtime.Tensor, output));
      if (uncopied && names.every((name) => given[name])) {
        await uncopied.run(session, inputs, given);
        return outputs;
      }
      const fetches = Object.fromEntries(names.map((name) => [name, given[name] ?? null]));
      const results = await session.run(inputs, fetches);
      return writtenInto(mapValues(results as Record<string, ort.Tensor>, fromOrt), outputs);
    },
    async release() {
      await onDevice?.release();
      if (profile) session.endProfiling();
      await session.release();
    },
  };
}

function asProgram(session: ort.InferenceSession): DeviceProgram {
  return {
    run: (feeds) => session.run(feeds),
    release: () => session.release(),
  };
}

/**
 * Returns the execution providers that can run here: those in the package, and CUDA if its library was added and
 * works.
 */
export function providers(): string[] {
  const native = nativeRuntime();
  if (!native) return ["cpu"];
  return native
    .listSupportedBackends()
    .filter(({ name, bundled }) => bundled || (name === "cuda" && cudaState().fault === undefined))
    .map(({ name }) => name);
}

/** Returns the version of ONNX Runtime. */
export function runtimeVersion(): string {
  const { versions } = (nativeRuntime() ?? webAssembly()).env;
  return versions.node ?? versions.common;
}
