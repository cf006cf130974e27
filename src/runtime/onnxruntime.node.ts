/** onnxruntime-node, loaded when the first program is; what it would send to its maker is switched off before. */

import { createRequire } from "node:module";
import type * as ort from "onnxruntime-node";
import { switchOffTelemetry } from "./no-telemetry.node.ts";

const require = createRequire(import.meta.url);

/** The library; the same each time. */
export function onnxruntime(): typeof ort {
  switchOffTelemetry();
  return require("onnxruntime-node") as typeof ort;
}

/** The file that is loaded. */
export const onnxruntimePath = (): string => require.resolve("onnxruntime-node");
