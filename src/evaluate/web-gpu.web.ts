/** Whether WebGPU computes here what the CPU does: tried before it is used, since drivers of graphics processors have errors. */

import type { Picture } from "../data/dataset.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import type { Program } from "../program/program.ts";
import { webEngine } from "../runtime/engine.web.ts";
import type { Tensors } from "../runtime/session.ts";
import type { WebDevice } from "../runtime/session.web.ts";
import type { Tensor } from "../util/tensor.ts";
import { bundleInput } from "./run-bundle.ts";

/** Whether WebGPU answers as the CPU does for a made-up image. */
export function bundleAgrees({ program, input, architecture }: Bundle): Promise<boolean> {
  return agreesOnWebGpu(program, bundleInput([madeUp(architecture.inputSize)], input));
}

/** Two drivers of one graphics processor may differ in the third digit; a broken one differs in the first. */
const MOST_DIFFERENCE = 0.01;

/** Whether WebGPU answers as the CPU does. */
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

/** A square image with structure at every scale. */
export function madeUp(side: number): Picture {
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => (i * 37 + (i >> 4) * 11) % 256);
  return { pixels, width: side, height: side, channels: 1 };
}
