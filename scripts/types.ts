/**
 * Builds the declarations of the public entries into dist/. Each is self-contained: the zod types that it uses are included, so
 * that users of the package need no other type library.
 */

import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { dts } from "rolldown-plugin-dts";
import manifest from "../package.json" with { type: "json" };
import { type Import, importsOf, reachable } from "./imports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/** Temporary folder of the compiler's declarations, one file per source, until they are bundled. */
const single = join(dist, ".types");
const { dependencies, optionalDependencies, peerDependencies } = manifest;
const installed = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });

/**
 * With comments, zod keeps the compiler from checking the variance of some type parameters. The bundler moves comments, so the
 * annotation is removed too.
 */
const withoutUncheckedVariance = {
  name: "without-unchecked-variance",
  transform: {
    order: "pre" as const,
    filter: { id: /[\\/]zod[\\/]/ },
    handler: (code: string): string => code.replace(/\/\*\* @ts-ignore Cast variance \*\/\s*out /g, ""),
  },
};

const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const args = ["-p", "tsconfig.build.json", "--outDir", single];
execFileSync(process.execPath, [compiler, ...args], { cwd: root, stdio: "inherit" });
removeOld();
// An entry for browsers must not lead to declarations that need Node's, so each of them is bundled separately.
const needsNode = (name: string): boolean =>
  reachable([join(root, "src", `${name}.ts`)]).some((path) => path.endsWith(".node.ts"));
const entries = readdirSync(join(root, "src"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.slice(0, -".ts".length));
await bundle(entries.filter(needsNode));
for (const entry of entries.filter((name) => !needsNode(name))) await bundle([entry]);
rmSync(single, { recursive: true });

/** Writes entries, and their shared code next to them. */
async function bundle(names: readonly string[]): Promise<void> {
  const bundled = await rolldown({
    input: Object.fromEntries(names.map((name) => [name, join(single, `${name}.d.ts`)])),
    external: (id) => !/^[./]|^zod$/.test(id),
    plugins: [withoutUncheckedVariance, dts({ dtsInput: true, emitDtsOnly: true, tsconfig: false })],
    checks: { pluginTimings: false },
    onLog: (_, { message }) => {
      throw new Error(message);
    },
  });
  const { output } = await bundled.write({
    dir: dist,
    entryFileNames: "[name].ts",
    chunkFileNames: "[name]-[hash].d.ts",
  });
  await bundled.close();
  for (const file of output) {
    const absent = file.type === "chunk" ? importsOf(file.code).find(isAbsent) : undefined;
    if (absent)
      throw new Error(`${file.fileName} names types of ${absent.specifier}, which users have not installed`);
  }
}

/** Whether a declaration imports from something that is neither in the package, nor installed with it, nor part of Node. */
function isAbsent({ specifier }: Import): boolean {
  const beside = (name: string): boolean => specifier === name || specifier.startsWith(`${name}/`);
  return !/^\.|^node:/.test(specifier) && !installed.some(beside);
}

/** Removes the declarations of earlier builds. */
function removeOld(): void {
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" }))
    if (path.endsWith(".d.ts") && !path.startsWith(".types")) rmSync(join(dist, path));
}
