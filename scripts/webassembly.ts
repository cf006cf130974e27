/**
 * Puts Node's part of onnxruntime-web into dist/onnxruntime-web/: the library with onnxruntime-common in one file, and the
 * unchanged file from which its threads start. Its WebAssembly is among the files of the page.
 */

import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const root = fileURLToPath(new URL("..", import.meta.url));
const target = join(root, "dist/onnxruntime-web");
const library = createRequire(import.meta.url).resolve("onnxruntime-web");

mkdirSync(target, { recursive: true });
const bundled = await rolldown({
  input: library,
  platform: "node",
  onLog: (_, { message }) => {
    throw new Error(message);
  },
});
await bundled.write({ file: join(target, "ort.node.cjs"), format: "cjs", exports: "named", minify: true });
await bundled.close();
const glue = "ort-wasm-simd-threaded.mjs";
copyFileSync(join(dirname(library), glue), join(target, glue));
// The package names its licence, which is also ours, but does not include the licence text.
const licence = readFileSync(join(root, "LICENSE"), "utf8");
const theirs = licence.replace(/^Copyright .*$/m, "Copyright (c) Microsoft Corporation");
writeFileSync(join(target, "LICENSE"), theirs);
