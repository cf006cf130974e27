/** Sessions on onnxruntime-web, whose interface is the same in a browser and in Node. */

import type * as ort from "onnxruntime-web/wasm";
import { messageOf, VultusError } from "../util/errors.ts";
import type { DeviceProgram } from "./carried-on-device.ts";
import { EngineLost } from "./engine.ts";
import { fromOrt, mapValues, toOrt } from "./ort-tensors.ts";
import type { Session, SessionOptions } from "./session.ts";

/** More threads gain little on networks of this size, and each takes memory. */
export const MOST_THREADS = 8;

/** Runs wait for each other: on WebGPU two at a time are refused, on the CPU they would take each other's threads. */
let last: Promise<unknown> = Promise.resolve();

export interface OpenOptions extends Pick<SessionOptions, "spinning" | "carries"> {
  readonly device: "cpu" | "webgpu";
  /** Does work on the device, and fails where that is lost meanwhile. Default: only does it. */
  readonly during?: <T>(work: () => Promise<T>) => Promise<T>;
}

/** Loads a program; if the runtime refuses it, the error contains the reason. */
export async function openOn(
  { InferenceSession, Tensor }: Pick<typeof ort, "InferenceSession" | "Tensor">,
  model: Uint8Array,
  { device, spinning = true, carries = [], during = (work) => work() }: OpenOptions,
): Promise<Session> {
  // Only training carries anything, so pages that predict do not load it.
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
    // onnxruntime-web cannot write into memory that is given to it.
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
