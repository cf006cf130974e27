/**
 * What a training program carries, in the memory of a WebGPU device: a step sends the batch there and brings the metrics
 * back, and no weights or moments cross.
 */

import type * as ort from "onnxruntime-node";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { nextName } from "../program/program.ts";
import type { DType } from "../util/tensor.ts";
import { fromOrt, mapValues, toOrt } from "./ort-tensors.ts";
import type { Runtime } from "./results-in-place.node.ts";
import type { Carried } from "./session.ts";

/** `session` was made with `keptOnDevice(names)`; `options` are those of its device. */
export function carriedOnDevice(
  { InferenceSession, Tensor }: Runtime,
  session: ort.InferenceSession,
  names: readonly string[],
  options: ort.InferenceSession.SessionOptions,
): Carried & { release(): Promise<void> } {
  let current: Record<string, ort.Tensor> = {};
  let copying: ort.InferenceSession | undefined;
  const free = (): void => {
    for (const tensor of Object.values(current)) if (tensor.location === "gpu-buffer") tensor.dispose();
    current = {};
  };
  return {
    load(state) {
      free();
      // The first step takes them to the device.
      current = Object.fromEntries(
        names.map((name) => {
          const tensor = state[name] as (typeof state)[string];
          return [name, toOrt(Tensor, { ...tensor, data: tensor.data.slice() })];
        }),
      );
    },
    async step(feeds) {
      const inputs = mapValues(feeds, (feed) => toOrt(Tensor, feed));
      const results = (await session.run({ ...inputs, ...current })) as Record<string, ort.Tensor>;
      free();
      current = Object.fromEntries(names.map((name) => [name, results[nextName(name)] as ort.Tensor]));
      const kept = new Set(names.map(nextName));
      const others = Object.entries(results).filter(([name]) => !kept.has(name));
      return mapValues(Object.fromEntries(others), fromOrt);
    },
    async read() {
      // The binding cannot bring a buffer of the device back; a program that copies its inputs can.
      copying ??= await InferenceSession.create(copyProgram(current), options);
      const copies = (await copying.run(current)) as Record<string, ort.Tensor>;
      return Object.fromEntries(names.map((name) => [name, fromOrt(copies[nextName(name)] as ort.Tensor)]));
    },
    async release() {
      free();
      await copying?.release();
    },
  };
}

/** The option of a session whose carried results stay on the device; all others come back. */
export function keptOnDevice(names: readonly string[]): Record<string, "gpu-buffer"> {
  return Object.fromEntries(names.map((name) => [nextName(name), "gpu-buffer"]));
}

function copyProgram(tensors: Readonly<Record<string, ort.Tensor>>): Uint8Array {
  const graph = new Graph();
  for (const [name, { type, dims }] of Object.entries(tensors))
    graph.output(nextName(name), graph.input(name, type as DType, dims));
  return encode(graph, "copy");
}
