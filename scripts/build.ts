/**
 * Builds `dist/`: `npm run build`, or some of its parts by name. A part whose sources are as they were when it was built is
 * left alone, so commands and tests that need a part can ask for it each time.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { reachable } from "./imports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path: string): string => join(root, path);

interface Part {
  /** Files of which the part is made, beside `package-lock.json`. */
  sources(): readonly string[];
  /** Files that are there once it is built. */
  readonly results: readonly string[];
  /** Node's arguments, in the root. */
  command(): readonly string[];
  after?(): void;
}

export type PartName = "package" | "networks" | "page";

const parts: Readonly<Record<PartName, Part>> = {
  // The compiled sources.
  package: {
    sources: () => [...filesBelow(at("src")), at("tsconfig.json"), at("tsconfig.build.json")],
    results: ["dist/index.js", "dist/index.d.ts", "dist/cli/start.js"],
    command: () => [packageFile("typescript", "bin/tsc"), "-p", "tsconfig.build.json"],
    after: removeLeftovers,
  },
  // The networks that find faces and eyes, converted from their published weights.
  networks: {
    sources: () => reachable([at("scripts/face-models.ts")]),
    results: ["dist/models/face_detector.onnx", "dist/models/eyes.onnx"],
    command: () => ["--import", "tsx", "scripts/face-models.ts"],
  },
  // The page; the networks and the models that ship lie in it.
  page: {
    sources: () =>
      reachable([...filesBelow(at("web")), ...filesBelow(at("models")), ...parts.networks.sources()]),
    results: ["dist/web/index.html", "dist/web/watch.html", "dist/web/sw.js"],
    command: () => [packageFile("vite", "bin/vite.js"), "build", "web", ...pageOptions],
  },
};
const pageOptions = ["--config", "web/vite.config.ts", "--logLevel", "warn"];
const inOrder = Object.keys(parts) as PartName[];

/** Builds what is missing or made from other sources. */
export function build(names: readonly PartName[] = inOrder): void {
  for (const name of inOrder.filter((part) => names.includes(part))) {
    const part = parts[name];
    const stamp = at(`dist/.built/${name}`);
    const fingerprint = fingerprintOf([...part.sources(), at("package-lock.json")]);
    const built = existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint;
    if (built && part.results.every((path) => existsSync(at(path)))) continue;
    execFileSync(process.execPath, part.command(), { cwd: root, stdio: "inherit" });
    part.after?.();
    mkdirSync(dirname(stamp), { recursive: true });
    writeFileSync(stamp, fingerprint);
  }
}

function fingerprintOf(paths: readonly string[]): string {
  const hash = createHash("sha256");
  for (const path of [...paths].sort())
    hash
      .update(`${relative(root, path)}\0`)
      .update(readFileSync(path))
      .update("\0");
  return hash.digest("hex");
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".test.ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Removes what was compiled from sources that are no longer there. */
function removeLeftovers(): void {
  for (const path of filesBelow(at("dist"))) {
    const source = join(at("src"), relative(at("dist"), path)).replace(/(\.d\.ts|\.js)$/, ".ts");
    const compiled = /\.(js|ts|map)$/.test(path) && !path.startsWith(at("dist/web/"));
    if (compiled && !existsSync(source)) rmSync(path);
  }
}

function packageFile(name: string, path: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
