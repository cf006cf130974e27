/**
 * Sessions on ONNX Runtime's WebAssembly build in Node, used if onnxruntime-node cannot be loaded. It runs on the CPU of every
 * system, but more slowly. The part of onnxruntime-web for Node is in dist/onnxruntime-web/; its module is among the files of
 * the page.
 */

import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as ort from "onnxruntime-web/wasm";
import { messageOf, VultusError } from "../util/errors.ts";
import { packageFile } from "../util/package.node.ts";
import { whyWebAssembly } from "./onnxruntime.node.ts";
import { MOST_THREADS, openOn } from "./onnxruntime-web.ts";
import type { Session, SessionOptions } from "./session.ts";

const require = createRequire(import.meta.url);

let loaded: typeof ort | undefined;

/** Returns the runtime, which starts no threads before the first session. */
export function webAssembly(): typeof ort {
  if (loaded) return loaded;
  const { library, glue, module } = files();
  loaded = require(library) as typeof ort;
  loaded.env.logLevel = "error";
  loaded.env.wasm.wasmPaths = { mjs: pathToFileURL(glue).href, wasm: pathToFileURL(module).href };
  return loaded;
}

/** Loads a program; `threads` takes effect for the first session of a Node thread. */
export async function openSession(model: Uint8Array, options: SessionOptions): Promise<Session> {
  const { device, threads, profile, spinning = true } = options;
  if (device !== "cpu")
    throw new VultusError(
      `WebAssembly runs programs only on the cpu, not on ${device}; it is used because ${whyWebAssembly()}`,
    );
  if (profile !== undefined)
    throw new VultusError(`WebAssembly writes no profile; it is used because ${whyWebAssembly()}`);
  const runtime = webAssembly();
  runtime.env.wasm.numThreads = Math.min(threads > 0 ? threads : availableParallelism(), MOST_THREADS);
  const session = await openOn(runtime, model, { device, spinning }).catch(rethrow);
  return { ...session, run: (feeds, outputs) => session.run(feeds, outputs).catch(rethrow) };
}

/** Throws the error, or a clear one if memory ran out, which C++, the runtime and JavaScript report differently. */
function rethrow(error: unknown): never {
  if (!/bad_alloc|SafeInt|out of (memory|bounds)|\bOOM\b/i.test(messageOf(error))) throw error;
  throw new VultusError(
    `the program needs more than the 4 GB of memory that WebAssembly has: take smaller batches or images, or another runtime ` +
      `(WebAssembly is used because ${whyWebAssembly()})`,
  );
}

/**
 * Returns the files to load: the package's own copies or, if the package is not built, the files of onnxruntime-web, which users
 * do not have.
 */
function files(): { readonly library: string; readonly glue: string; readonly module: string } {
  const [own, glue] = [packageFile("dist/onnxruntime-web"), "ort-wasm-simd-threaded.mjs"];
  if (!import.meta.url.endsWith(".ts") && existsSync(own))
    return { library: join(own, "ort.node.cjs"), glue: join(own, glue), module: moduleOfPage() };
  const library = require.resolve("onnxruntime-web");
  const at = (name: string): string => join(dirname(library), name);
  return { library, glue: at(glue), module: at("ort-wasm-simd-threaded.wasm") };
}

function moduleOfPage(): string {
  const folder = packageFile("dist/web/assets");
  try {
    const name = readdirSync(folder).find((file) => /^ort-wasm-simd-threaded-[\w-]+\.wasm$/.test(file));
    if (name !== undefined) return join(folder, name);
  } catch (error) {
    throw new VultusError(`ONNX Runtime's WebAssembly cannot be read: ${messageOf(error)}`);
  }
  throw new VultusError(`${folder} has no WebAssembly of ONNX Runtime; install the package again`);
}
