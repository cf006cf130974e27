/**
 * Builds `dist/`: `npm run build`, or some of its parts by name. A part whose sources have not changed since its last build is
 * skipped, so commands and tests that need a part can request it each time.
 */

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { reachable } from "./imports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (path: string): string => join(root, path);

interface Part {
  /** The message shown while it is built. */
  readonly what: string;
  /** Files from which the part is made, in addition to `package-lock.json`. */
  sources(): readonly string[];
  /** Files that exist once it is built. */
  readonly results: readonly string[];
  /** Node's arguments, relative to the root. */
  command(): readonly string[];
  after?(): void;
}

export type PartName = "types" | "package" | "webassembly" | "networks" | "page";

const parts: Readonly<Record<PartName, Part>> = {
  // The declarations of the public entries and of the types that they name.
  types: {
    what: "the type declarations",
    sources: () => [
      ...filesBelow(at("src")),
      at("tsconfig.json"),
      at("tsconfig.build.json"),
      at("package.json"),
      at("scripts/types.ts"),
    ],
    results: ["dist/index.d.ts", "dist/web.d.ts", "dist/element.d.ts"],
    command: () => ["--import", "tsx", "scripts/types.ts"],
  },
  // The JavaScript of the package.
  package: {
    what: "the package",
    sources: () => [...filesBelow(at("src")), at("package.json"), at("scripts/package.config.ts")],
    results: ["dist/index.js", "dist/web.js", "dist/start.js", "dist/worker.js"],
    command: () => [vite(), "build", "--config", "scripts/package.config.ts", ...quietly],
    after: removeLeftovers,
  },
  // Runs programs if onnxruntime-node cannot be loaded.
  webassembly: {
    what: "ONNX Runtime's WebAssembly build for Node",
    sources: () => [at("scripts/webassembly.ts"), at("LICENSE")],
    results: ["dist/onnxruntime-web/ort.node.cjs", "dist/onnxruntime-web/ort-wasm-simd-threaded.mjs"],
    command: () => ["--import", "tsx", "scripts/webassembly.ts"],
  },
  // The networks that find faces and eyes, converted from their published weights.
  networks: {
    what: "the networks that find faces and eyes",
    sources: () => reachable([at("scripts/face-models.ts")]),
    results: ["dist/models/face_detector.onnx", "dist/models/eyes.onnx"],
    command: () => ["--import", "tsx", "scripts/face-models.ts"],
  },
  // The page, including the networks and the shipped models.
  page: {
    what: "the page",
    sources: () =>
      reachable([...filesBelow(at("web")), ...filesBelow(at("models")), ...parts.networks.sources()]),
    results: [
      "dist/web/index.html",
      "dist/web/watch.html",
      "dist/web/review.html",
      "dist/web/sw.js",
      "dist/web/vultus-element.js",
    ],
    command: () => [vite(), "build", "web", "--config", "web/vite.config.ts", ...quietly],
  },
};
const vite = (): string => packageFile("vite", "bin/vite.js");
const quietly = ["--logLevel", "warn"];
const inOrder = Object.keys(parts) as PartName[];

/** Builds parts that are missing or whose sources have changed. */
export function build(names: readonly PartName[] = inOrder): void {
  for (const name of inOrder.filter((part) => names.includes(part))) {
    const part = parts[name];
    const stamp = at(`dist/.built/${name}`);
    const fingerprint = fingerprintOf([...part.sources(), at("package-lock.json")]);
    const built = existsSync(stamp) && readFileSync(stamp, "utf8") === fingerprint;
    if (built && part.results.every((path) => existsSync(at(path)))) continue;
    process.stderr.write(`building ${part.what}…\n`);
    // Vite would build for development if a test runner has set NODE_ENV: without a service worker, and with our paths.
    const env = { ...process.env, NODE_ENV: "production" };
    execFileSync(process.execPath, part.command(), { cwd: root, stdio: "inherit", env });
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

/** Removes code that no build in the last week has written. */
function removeLeftovers(): void {
  for (const path of filesBelow(at("dist"))) {
    const built = path.endsWith(".js") && !path.startsWith(at("dist/web/"));
    if (built && statSync(path).mtimeMs < Date.now() - 7 * 24 * 3600 * 1000) rmSync(path);
  }
}

function packageFile(name: string, path: string): string {
  return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) build();
