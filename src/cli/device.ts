/** Which device and precision a command uses, said aloud. */

import { availableParallelism } from "node:os";
import { providers } from "../runtime/session.node.ts";
import type { Device } from "../runtime/session.ts";
import { UsageError } from "../util/errors.ts";
import { say } from "./output.ts";

export interface DeviceOptions {
  readonly device: string;
  /** Of a training; what else runs computes in fp32. */
  readonly precision?: string;
  readonly threads?: number;
}

export interface DeviceChoice {
  readonly device: Device;
  readonly precision: "fp32" | "fp16";
  readonly threads: number;
}

/**
 * CUDA is tried first where this build of ONNX Runtime has it; WebGPU only on request, since it may be emulated. What was
 * left to `auto` is said, with the reason.
 */
export function chooseDevice(
  { device, precision = "fp32", threads = availableParallelism() }: DeviceOptions,
  available: readonly string[] = providers(),
): DeviceChoice {
  if (device !== "auto" && !available.includes(device)) {
    throw new UsageError(
      `this ONNX Runtime has no ${device}. It has: ${available.join(", ")}; \`vultus doctor\` tells how to add one`,
    );
  }
  const hasCuda = available.includes("cuda");
  const chosen = (device === "auto" ? (hasCuda ? "cuda" : "cpu") : device) as Device;
  if (device === "auto") {
    say(
      hasCuda
        ? "device: cuda, since its provider is installed"
        : `device: cpu with ${threads} threads, since no CUDA provider is installed`,
    );
  }
  const half = precision === "fp16" || (precision === "auto" && chosen === "cuda");
  if (precision === "auto") {
    say(
      half
        ? "precision: fp16, as is usual on CUDA; --precision fp32 asks for full precision"
        : `precision: fp32, since fp16 is no faster on ${chosen}`,
    );
  }
  return { device: chosen, precision: half ? "fp16" : "fp32", threads };
}
