/**
 * The ONNX Runtime that runs programs, loaded with the first program: onnxruntime-node or, if it cannot be loaded, ONNX
 * Runtime's WebAssembly build (`webassembly.node.ts`). onnxruntime-node is an optional dependency, because npm drops it if
 * its install script fails. Its telemetry is switched off before it is loaded.
 */

import { createRequire } from "node:module";
import type * as ort from "onnxruntime-node";
import { messageOf, UsageError, VultusError } from "../util/errors.ts";
import { switchOffTelemetry } from "./no-telemetry.node.ts";

const require = createRequire(import.meta.url);

type Found = { readonly native: typeof ort } | { readonly native: undefined; readonly reason: string };

let found: Found | undefined;

/**
 * Returns onnxruntime-node; undefined if programs run on WebAssembly.
 *
 * @throws VultusError if VULTUS_RUNTIME forbids WebAssembly, or is neither `native` nor `wasm`.
 */
export function nativeRuntime(): typeof ort | undefined {
  found ??= find();
  return found.native;
}

/** Explains why programs run on WebAssembly, and how to change that; undefined if they run on onnxruntime-node. */
export function whyWebAssembly(): string | undefined {
  found ??= find();
  return found.native ? undefined : found.reason;
}

/** Returns the file of onnxruntime-node to load; undefined if WebAssembly is requested or the file does not exist. */
export function nativePath(): string | undefined {
  if (asked() === "wasm") return undefined;
  try {
    return require.resolve("onnxruntime-node");
  } catch {
    return undefined;
  }
}

function find(): Found {
  const path = nativePath();
  let reason: string;
  if (asked() === "wasm") reason = "VULTUS_RUNTIME=wasm requests it";
  else if (path === undefined)
    reason =
      "onnxruntime-node is not installed; `npm install --ignore-scripts`, or npx with that option, adds it";
  else {
    switchOffTelemetry();
    try {
      return { native: require(path) as typeof ort };
    } catch (error) {
      reason = `onnxruntime-node cannot be loaded: ${messageOf(error).split("\n")[0]}`;
    }
  }
  if (asked() === "native") throw new VultusError(`VULTUS_RUNTIME=native forbids WebAssembly, and ${reason}`);
  return { native: undefined, reason };
}

/** Returns the runtime that the environment requests. */
function asked(): "native" | "wasm" | undefined {
  const { VULTUS_RUNTIME: value = "" } = process.env;
  if (value === "") return undefined;
  if (value === "native" || value === "wasm") return value;
  throw new UsageError(
    `VULTUS_RUNTIME is ${value}; valid: native (onnxruntime-node) and wasm (its WebAssembly build)`,
  );
}
