/**
 * The state of a training program in the memory of a WebGPU device: a step uploads the batch and downloads only the metrics,
 * never weights or moments.
 */

import type { Tensor as OrtTensor } from "onnxruntime-node";
import { encodeModel, node, valueInfo } from "../onnx/model.ts";
import { nextName } from "../program/program.ts";
import type { DType } from "../util/tensor.ts";
import { fromOrt, mapValues, type OrtTensorClass, toOrt } from "./ort-tensors.ts";
import type { Carried } from "./session.ts";

type OrtTensors = Readonly<Record<string, OrtTensor>>;

/** An ONNX Runtime program on the device. */
export interface DeviceProgram {
  run(feeds: OrtTensors): Promise<OrtTensors>;
  release(): Promise<void>;
}

/**
 * `program` must have been opened with `keptOnDevice(names)`. `open` opens another program on the same device, whose
 * results are downloaded.
 */
export function carriedOnDevice(
  Tensor: OrtTensorClass,
  program: DeviceProgram,
  names: readonly string[],
  open: (model: Uint8Array) => Promise<DeviceProgram>,
): Carried & { release(): Promise<void> } {
  let current: Record<string, OrtTensor> = {};
  let copying: DeviceProgram | undefined;
  const free = (): void => {
    for (const tensor of Object.values(current)) if (tensor.location === "gpu-buffer") tensor.dispose();
    current = {};
  };
  return {
    load(state) {
      free();
      // The first step uploads them to the device.
      current = Object.fromEntries(
        names.map((name) => {
          const tensor = state[name] as (typeof state)[string];
          return [name, toOrt(Tensor, { ...tensor, data: tensor.data.slice() })];
        }),
      );
    },
    async step(feeds) {
      const inputs = mapValues(feeds, (feed) => toOrt(Tensor, feed));
      const results = await program.run({ ...inputs, ...current });
      free();
      current = Object.fromEntries(names.map((name) => [name, results[nextName(name)] as OrtTensor]));
      const kept = new Set(names.map(nextName));
      const others = Object.entries(results).filter(([name]) => !kept.has(name));
      return mapValues(Object.fromEntries(others), fromOrt);
    },
    async read() {
      // The binding cannot download a device buffer, but a program that copies its inputs can.
      copying ??= await open(copyProgram(current));
      const copies = await copying.run(current);
      return Object.fromEntries(names.map((name) => [name, fromOrt(copies[nextName(name)] as OrtTensor)]));
    },
    async release() {
      free();
      await copying?.release();
    },
  };
}

/** Returns the session option that keeps carried results on the device and downloads all others. */
export function keptOnDevice(names: readonly string[]): Record<string, "gpu-buffer"> {
  return Object.fromEntries(names.map((name) => [nextName(name), "gpu-buffer"]));
}

/** Builds a program that only copies. It is encoded node by node, because pages do not load the graph compiler. */
function copyProgram(tensors: OrtTensors): Uint8Array {
  const copies = Object.entries(tensors).map(([name, { type, dims }]) => ({
    node: node("Identity", name, [name], [nextName(name)], []),
    input: valueInfo(name, type as DType, dims),
    output: valueInfo(nextName(name), type as DType, dims),
  }));
  return encodeModel({
    name: "copy",
    nodes: copies.map((copy) => copy.node),
    inputs: copies.map(({ input }) => input),
    outputs: copies.map(({ output }) => output),
    initializers: [],
  });
}
