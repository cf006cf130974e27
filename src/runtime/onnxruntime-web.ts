/** Sessions on onnxruntime-web, whose interface is the same in a browser and in Node. */

import type * as ort from "onnxruntime-web/wasm";
import { messageOf, VultusError } from "../util/errors.ts";
import type { DeviceProgram } from "./carried-on-device.ts";
import { EngineLost } from "./engine.ts";
import { fromOrt, mapValues, toOrt } from "./ort-tensors.ts";
import type { Session, SessionOptions } from "./session.ts";

/** On networks of this size, more threads gain little, and each needs memory. */
export const MOST_THREADS = 8;

/** Runs are serialised: WebGPU rejects two at a time, and on the CPU they would compete for threads. */
let last: Promise<unknown> = Promise.resolve();

export interface OpenOptions extends Pick<SessionOptions, "spinning" | "carries"> {
  readonly device: "cpu" | "webgpu";
  /** Runs work on the device, and fails if the device is lost in the meantime. Default: only runs it. */
  readonly during?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Loads a program; if the runtime refuses it, the error contains the reason. */
export async function openOn(
  { InferenceSession, Tensor }: Pick<typeof ort, "InferenceSession" | "Tensor">,
  model: Uint8Array,
  { device, spinning = true, carries = [], during = (work) => work() }: OpenOptions,
): Promise<Session> {
  // Only training carries state, so pages that only predict do not load this code.
  const carrying =
    device === "webgpu" && carries.length > 0 ? await import("./carried-on-device.ts") : undefined;
  const open = async (bytes: Uint8Array, kept: readonly string[] = []): Promise<DeviceProgram> => {
    const session = await inTurn(() =>
      during(() =>
        InferenceSession.create(bytes, {
          executionProviders: [device === "cpu" ? "wasm" : "webgpu"],
          graphOptimizationLevel: "all",
          logSeverityLevel: 3,
          extra: { session: { intra_op: { allow_spinning: spinning ? "1" : "0" } } },
          ...(carrying && { preferredOutputLocation: carrying.keptOnDevice(kept) }),
        }),
      ),
    );
    return {
      run: (feeds) => inTurn(() => during(() => session.run(feeds))) as Promise<Record<string, ort.Tensor>>,
      release: () => session.release(),
    };
  };
  let program: DeviceProgram;
  try {
    program = await open(model, carries);
  } catch (error) {
    if (error instanceof EngineLost) throw error;
    throw new VultusError(`ONNX Runtime cannot load the program on ${device}: ${messageOf(error)}`);
  }
  const carried = carrying?.carriedOnDevice(Tensor, program, carries, open);
  return {
    ...(carried && { carried }),
    // onnxruntime-web cannot write into given memory.
    async run(feeds) {
      return mapValues(await program.run(mapValues(feeds, (feed) => toOrt(Tensor, feed))), fromOrt);
    },
    async release() {
      await carried?.release();
      await program.release();
    },
  };
}

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}
