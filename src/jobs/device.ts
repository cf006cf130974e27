/** Which device and number format a job uses. A note reports the choice of `auto` and its reason. */

import { availableParallelism } from "node:os";
import { whyWebAssembly } from "../runtime/onnxruntime.node.ts";
import { providers } from "../runtime/session.node.ts";
import type { Device } from "../runtime/session.ts";
import { counted } from "../util/counted.ts";
import { UsageError } from "../util/errors.ts";

export interface DeviceOptions {
  /** Where programs run; `auto` (the default) is CUDA if it works here, else the CPU. */
  readonly device?: Device | "auto" | undefined;
  /** Threads of the CPU provider. Default: all cores. */
  readonly threads?: number | undefined;
}

export interface PrecisionOptions extends DeviceOptions {
  /** Number format of a training; other jobs use fp32. */
  readonly precision?: "auto" | "fp32" | "fp16" | undefined;
}

export interface DeviceChoice {
  readonly device: Device;
  readonly precision: "fp32" | "fp16";
  readonly threads: number;
}

/**
 * Chooses among the `available` providers, for `auto` as `usualDevice` does. If programs run on WebAssembly, a note gives the
 * reason.
 *
 * @throws UsageError for a device that this build does not support.
 */
export function chooseDevice(
  { device = "auto", precision = "fp32", threads = availableParallelism() }: PrecisionOptions,
  note: (text: string) => void,
  available: readonly string[] = providers(),
  webAssembly: string | undefined = whyWebAssembly(),
): DeviceChoice {
  if (device !== "auto" && !available.includes(device)) {
    throw new UsageError(
      `this ONNX Runtime has no ${device} provider, only ${available.join(", ")}; \`vultus doctor\` explains how to add one`,
    );
  }
  const chosen = device === "auto" ? (available.includes("cuda") ? "cuda" : "cpu") : device;
  if (device === "auto") {
    note(
      chosen === "cuda"
        ? "device: cuda, because its provider works here"
        : `device: cpu with ${counted(threads, "thread")}, because there is no CUDA`,
    );
  }
  if (webAssembly !== undefined) note(`runtime: WebAssembly, which is slower, because ${webAssembly}`);
  if (precision === "auto") note(`precision: fp32, because fp16 is not faster on ${chosen}`);
  return { device: chosen, precision: precision === "fp16" ? "fp16" : "fp32", threads };
}
