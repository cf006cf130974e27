/** Sessions on onnxruntime-web, whose interface is the same in a browser and in Node. */

import type * as ort from "onnxruntime-web/wasm";
import { messageOf, VultusError } from "../util/errors.ts";
import { fromOrt, mapValues, toOrt, writtenInto } from "./ort-tensors.ts";
import type { Session } from "./session.ts";

/** More threads gain little on networks of this size, and each takes memory. */
export const MOST_THREADS = 8;

/** Runs wait for each other: on WebGPU two at a time are refused, on the CPU they would take each other's threads. */
let last: Promise<unknown> = Promise.resolve();

/** Loads a program; the error of one that the runtime refuses carries its reason. */
export async function openOn(
  { InferenceSession, Tensor }: Pick<typeof ort, "InferenceSession" | "Tensor">,
  model: Uint8Array,
  device: "cpu" | "webgpu",
  spinning: boolean,
): Promise<Session> {
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

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}
