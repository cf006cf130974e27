/** onnxruntime-node, loaded when the first program is; what it would send to its maker is switched off before. */

import "./no-telemetry.node.ts";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** The library; the same each time. */
export function onnxruntime(): typeof import("onnxruntime-node") {
  return require("onnxruntime-node") as typeof import("onnxruntime-node");
}

/** The file that is loaded. */
export const onnxruntimePath = (): string => require.resolve("onnxruntime-node");
