/** Which device and precision a command uses, said aloud. */

import { availableParallelism } from "node:os";
import { providers } from "../runtime/session.node.ts";
import type { Device } from "../runtime/session.ts";
import { UsageError } from "../util/errors.ts";
import { say } from "./output.ts";

export interface DeviceOptions {
  readonly device: string;
  readonly precision?: string;
  readonly threads?: number;
}

export interface DeviceChoice {
  readonly device: Device;
  readonly precision: "fp32" | "fp16";
  readonly threads: number;
}

/** CUDA is tried first where this build of ONNX Runtime has it; WebGPU only on request, since it may be emulated. */
export function chooseDevice({ device, precision = "auto", threads }: DeviceOptions): DeviceChoice {
  const available = providers();
  if (device !== "auto" && !available.includes(device)) {
    throw new UsageError(
      `this ONNX Runtime has no ${device}. It has: ${available.join(", ")}; \`vultus doctor\` tells how to add one`,
    );
  }
  const chosen = (device === "auto" ? (available.includes("cuda") ? "cuda" : "cpu") : device) as Device;
  const half = precision === "fp16" || (precision === "auto" && chosen === "cuda");
  const used = threads ?? availableParallelism();
  if (device === "auto") {
    say(
      chosen === "cpu"
        ? `device: cpu with ${used} threads, since no CUDA provider is installed; ${half ? "fp16" : "fp32"}`
        : `device: ${chosen}, ${half ? "fp16" : "fp32"}`,
    );
  }
  return { device: chosen, precision: half ? "fp16" : "fp32", threads: used };
}
