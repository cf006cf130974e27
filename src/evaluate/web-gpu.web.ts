/**
 * Checks that WebGPU gives the same results as the CPU before it is used, because some GPU drivers compute wrong
 * results.
 */

import type { Picture } from "../data/dataset.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Program } from "../program/program.ts";
import { webEngine } from "../runtime/engine.web.ts";
import type { Tensors } from "../runtime/session.ts";
import type { WebDevice } from "../runtime/session.web.ts";
import type { Tensor } from "../util/tensor.ts";
import { bundleInput } from "./run-bundle.ts";

/** Returns whether WebGPU agrees with the CPU on a synthetic image. */
export function bundleAgrees({ program, input, architecture }: Bundle): Promise<boolean> {
  return agreesOnWebGpu(program, bundleInput([madeUp(architecture.inputSize)], input));
}

/** Two drivers of one GPU may differ in the third digit; a broken one differs in the first. */
const MOST_DIFFERENCE = 0.01;

/** Returns whether WebGPU agrees with the CPU. */
export async function agreesOnWebGpu(program: Program, picture: Tensor): Promise<boolean> {
  const feed = program.tensors.find(({ role }) => role === "feed")?.name as string;
  const answersOn = async (device: WebDevice): Promise<Tensors> => {
    const open = await webEngine(device, 0, "webgpu").open(program);
    try {
      return await open.run({ [feed]: picture });
    } finally {
      await open.release();
    }
  };
  const [ours, reference] = [await answersOn("webgpu"), await answersOn("cpu")];
  return Object.entries(reference).every(([name, { data }]) =>
    Array.from(data as Float32Array).every((value, i) => {
      const other = Number(ours[name]?.data[i]);
      return Math.abs(value - other) <= MOST_DIFFERENCE * Math.max(1, Math.abs(value));
    }),
  );
}

/** Returns a synthetic square image with structure at every scale. */
export function madeUp(side: number): Picture {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => (i * 37 + (i >> 4) * 11) % 256);
  return { pixels, width: side, height: side, channels: 1 };
}
