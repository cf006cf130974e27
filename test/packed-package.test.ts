/**
 * The package as users get it: packed, installed into an empty folder by npm, and used from there by each supported Node version,
 * on the command line, from ECMAScript modules, CommonJS and TypeScript; with onnxruntime-node, and without it on WebAssembly.
 * Skips if there is no registry, and for a Node version that the registry does not have.
 */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, type TestContext, test } from "vitest";
import { build } from "../scripts/build.ts";
import { clearFace, composite } from "./support/composites.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vultus-packed-"));
const project = join(folder, "project");
const at = (...path: string[]): string => join(project, ...path);
/** If onnxruntime-node's install script cannot download CUDA, npm drops onnxruntime-node; see docs/how-to/install.md. */
const withoutScripts = "--ignore-scripts";
const majors = [20, 22, 24];
const running = Number(process.versions.node.split(".")[0]);

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program as in a user's shell: without npm's environment variables of the tests, and with `node` first on the PATH. */
function ran(
  command: string,
  args: readonly string[],
  cwd = project,
  node = process.execPath,
  more: NodeJS.ProcessEnv = {},
): Ended {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_OPTIONS|VITEST|VULTUS_RUNTIME)/i.test(name),
  );
  const PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  const env = { ...Object.fromEntries(inherited), PATH, ...more };
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  return { status, out: stdout, err: stderr };
}

const npm = ([command = "", ...args]: readonly string[], cwd?: string): Ended =>
  ran("npm", [command, "--no-audit", "--no-fund", "--no-update-notifier", "--prefer-offline", ...args], cwd);

/** The reason why nothing can be installed; undefined if installing works. */
let absent: string | undefined;
let npx: Ended;
let installation: Ended;
let packed: { readonly filename: string; readonly files: readonly { readonly path: string }[] };

beforeAll(async () => {
  build();
  mkdirSync(at("empty"), { recursive: true });
  writeFileSync(at("package.json"), '{ "private": true }');
  const photo = composite(300, 300, [{ face: clearFace, x: 150, y: 150, side: 90 }]);
  const { pixels, width, height, channels } = photo;
  const jpeg = await sharp(pixels, { raw: { width, height, channels } }).jpeg({ quality: 95 }).toBuffer();
  for (const path of [at("photo.jpg"), at("empty", "photo.jpg")]) writeFileSync(path, jpeg);
  const packing = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  [packed] = JSON.parse(execFileSync("npm", packing, { cwd: root, encoding: "utf8" })) as [typeof packed];
  installation = npm(["install", withoutScripts, tarball()]);
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED/.test(installation.err))
    absent = `the packages cannot be fetched: ${installation.err.trim().split("\n")[0]}`;
}, 300_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tarball = (): string => join(folder, packed.filename);

/** A test that needs the installed package. */
function installedTest(name: string, body: (context: TestContext) => void | Promise<void>): void {
  test(name, { timeout: 240_000 }, async (context) => {
    if (absent !== undefined) return context.skip(absent);
    await body(context);
  });
}

const entry = (name: string): string => at("node_modules", "vultus", name);
const vultus = (args: readonly string[], node = process.execPath): Ended =>
  ran(node, [entry("bin/vultus.js"), ...args], project, node);

/** Programs that users write, and the output of each. */
const programs = {
  "module.mjs": `
    import { loadModel, predict, writeSyntheticFaces } from "vultus";
    import { createService } from "vultus/server";
    const model = await loadModel();
    const { faces } = await predict(model, "photo.jpg");
    await model.close();
    console.log(faces.length, typeof faces[0].label, typeof createService, typeof writeSyntheticFaces);`,
  "common.cjs": `
    const { loadModel, predict, writeSyntheticFaces } = require("vultus");
    const { createService } = require("vultus/server");
    (async () => {
      const model = await loadModel();
      const { faces } = await predict(model, "photo.jpg");
      await model.close();
      console.log(faces.length, typeof faces[0].label, typeof createService, typeof writeSyntheticFaces);
    })();`,
};

/** The output of `predict` except for shares: the last bits of landmarks shift a crop by a fraction of a pixel. */
function withoutShares(table: string): string {
  return table.replace(/\d\.\d{4}/g, "");
}

/** Checks for every Node version. */
function holdsWith(node: string): void {
  expect(ran(node, ["--version"]).out).toMatch(/^v\d+\./);
  const table = vultus(["predict", "photo.jpg"], node);
  expect(table, table.err).toMatchObject({ status: 0 });
  expect(table.out).toMatch(/^file .*\bangry\b.*\bhappy\b/);
  expect(table.out).toMatch(/^photo\.jpg +\w+ +0\.\d{4}/m);
  expect(table.err).not.toMatch(/warn|WebAssembly/i);
  const predict = [entry("bin/vultus.js"), "predict", "photo.jpg"];
  const web = ran(node, predict, project, node, { VULTUS_RUNTIME: "wasm" });
  expect(web, web.err).toMatchObject({ status: 0 });
  expect(withoutShares(web.out)).toBe(withoutShares(table.out));
  expect(web.err).not.toMatch(/warn/i);
  expect(web.err).toMatch(
    /^runtime: WebAssembly, which is slower, because VULTUS_RUNTIME=wasm requests it$/m,
  );
  expect(vultus(["--version"], node)).toEqual({ status: 0, out: "0.1.0\n", err: "" });
  const models = vultus(["models", "--json"], node);
  expect(models).toMatchObject({ status: 0, err: "" });
  expect(JSON.parse(models.out)).not.toHaveLength(0);
  for (const [file, text] of Object.entries(programs)) {
    writeFileSync(at(file), text);
    expect(ran(node, [file], project, node), file).toEqual({
      status: 0,
      out: "1 string function function\n",
      err: "",
    });
  }
}

installedTest("npm installs it without a word of warning, and little beside it", () => {
  expect(installation, installation.err).toMatchObject({ status: 0, err: "" });
  const { packages } = JSON.parse(readFileSync(at("package-lock.json"), "utf8")) as {
    packages: Record<string, { optional?: true }>;
  };
  // npm lists all of sharp's libraries, one per system, and installs the one for this system.
  const names = Object.keys(packages).filter((path) => path !== "" && existsSync(at(path)));
  expect(names.length).toBeLessThan(30);
  const own = sizeOf(at("node_modules")) - sizeOf(at("node_modules/onnxruntime-node"));
  expect(own / 1e6).toBeLessThan(100);
});

installedTest("the command, the library and the service work with the Node that runs the tests", () => {
  holdsWith(process.execPath);
});

test.for(majors.filter((major) => major !== running))(
  "and with Node %i",
  { timeout: 240_000 },
  (major, context) => {
    if (absent !== undefined) return context.skip(absent);
    const place = join(folder, `node-${major}`);
    mkdirSync(place);
    writeFileSync(join(place, "package.json"), '{ "private": true }');
    const name = `node-${process.platform}-${process.arch}`;
    const { status, err } = npm(["install", "--ignore-scripts", `${name}@${major}`], place);
    if (status !== 0) return context.skip(`Node ${major} cannot be had: ${err.trim().split("\n")[0]}`);
    holdsWith(join(place, "node_modules", name, "bin", "node"));
  },
);

/** The stderr output of `predict` if onnxruntime-node is missing, and only then. */
const notInstalled =
  /^runtime: WebAssembly, which is slower, because onnxruntime-node is not installed; `npm .*$/m;

/** An empty folder with the photo, in which npm has installed the package. */
function installedInto(name: string, ...args: string[]): (...command: string[]) => Ended {
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, "package.json"), '{ "private": true }');
  copyFileSync(at("photo.jpg"), join(place, "photo.jpg"));
  const done = npm(["install", ...args, tarball()], place);
  expect(done, done.err).toMatchObject({ status: 0 });
  const command = join(place, "node_modules/vultus/bin/vultus.js");
  return (...more) => ran(process.execPath, [command, ...more], place);
}

installedTest(
  "where the install script fails, it is installed all the same, and reports how to be faster",
  () => {
    const vultus = installedInto("scripts");
    const table = vultus("predict", "photo.jpg");
    expect(table, table.err).toMatchObject({ status: 0 });
    expect(table.out).toMatch(/^photo\.jpg +\w+ +0\.\d{4}/m);
    const native = existsSync(join(folder, "scripts/node_modules/onnxruntime-node"));
    expect(notInstalled.test(table.err)).toBe(!native);
    const json = vultus("predict", "photo.jpg", "--json");
    expect(JSON.parse(json.out)).toMatchObject([{ status: "ok" }]);
    const { runtime } = JSON.parse(vultus("doctor", "--json").out) as { runtime: string };
    expect(runtime).toBe(native ? "native" : "WebAssembly");
    // The advice in the note.
    expect(npm(["install", withoutScripts], join(folder, "scripts"))).toMatchObject({ status: 0 });
    const { err } = vultus("predict", "photo.jpg");
    expect(err).not.toContain("WebAssembly");
  },
);

installedTest(
  "without optional packages, sharp's libraries are missed by name; with them, photos are read",
  () => {
    const vultus = installedInto("slim", "--omit=optional");
    const { status, err } = vultus("predict", "photo.jpg");
    expect(status).toBe(1);
    expect(err).toMatch(/photo\.jpg: sharp cannot be loaded: .*; `npm install --include=optional` adds/);
    expect(err).toMatch(notInstalled);
    const system = `${process.platform}-${process.arch}`;
    const names = [`@img/sharp-${system}`, `@img/sharp-libvips-${system}`];
    const libraries = names.filter((name) => existsSync(at("node_modules", name)));
    npm(["install", "--omit=optional", ...libraries], join(folder, "slim"));
    expect(vultus("predict", "photo.jpg")).toMatchObject({ status: 0 });
    expect(sizeOf(join(folder, "slim/node_modules")) / 1e6).toBeLessThan(120);
  },
);

installedTest("a library that cannot be loaded, as on a system without one, is no obstacle", () => {
  const system = at("node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch);
  const [binding, aside] = [join(system, "onnxruntime_binding.node"), join(system, "aside")];
  renameSync(binding, aside);
  const { status, err } = vultus(["predict", "photo.jpg"]);
  renameSync(aside, binding);
  expect(status, err).toBe(0);
  expect(err).toMatch(
    /^runtime: WebAssembly, .*, because onnxruntime-node cannot be loaded: Cannot find module/m,
  );
});

installedTest("npx predicts in an empty folder, in one command", () => {
  const cache = join(ran("npm", ["config", "get", "cache"]).out.trim(), "_npx");
  const before = existsSync(cache) ? readdirSync(cache) : [];
  npx = npm(["exec", "--yes", "--package", tarball(), "--", "vultus", "predict", "photo.jpg"], at("empty"));
  for (const made of readdirSync(cache).filter((name) => !before.includes(name))) {
    const manifest = join(cache, made, "package.json");
    if (existsSync(manifest) && readFileSync(manifest, "utf8").includes("vultus-packed-"))
      rmSync(join(cache, made), { recursive: true });
  }
  expect(npx, npx.err).toMatchObject({ status: 0 });
  expect(npx.out).toMatch(/^photo\.jpg +\w+ +0\.\d{4}/m);
  expect(npx.err).not.toMatch(/^warning/im);
  expect(readdirSync(at("empty"))).toEqual(["photo.jpg"]);
});

const compiler = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
const inNode = `
  import { loadModel, predict, resolveRecipe, train, type Recipe, type TrainOptions } from "vultus";
  import { createService, type Service } from "vultus/server";
  export const recipe: Recipe = resolveRecipe("adapt");
  export const options: TrainOptions = { data: "photos/", recipe: { extends: "adapt", phases: { all: { epochs: 2 } } } };
  export async function run(): Promise<string | null> {
    const model = await loadModel({ model: "vultus_s" });
    const { faces } = await predict(model, "photo.jpg");
    const service: Service = await createService({ model: "vultus_s" });
    const response = await service.app.inject("/healthz");
    // @ts-expect-error it is a number
    const code: string = response.statusCode;
    // @ts-expect-error there is no such option
    await train({ data: "photos/", epochs: 3 });
    return faces[0]?.label ?? code;
  }`;
const inBrowser = `
  import { faceTracker, loadModel, predict } from "vultus/web";
  export async function run(image: HTMLImageElement): Promise<string | null> {
    const model = await loadModel({ model: "/vultus_s.onnx", detector: false, device: "cpu" });
    const { faces } = await predict(model, image);
    faceTracker({ smooth: 0.4, patience: 1, threshold: 0.5 });
    // @ts-expect-error a probability is a number
    const happy: string | undefined = faces[0]?.probabilities["happy"];
    return faces[0]?.label ?? happy ?? null;
  }`;

for (const [name, file, text, options] of [
  ["a module, nodenext", "module.mts", inNode, { module: "nodenext", types: ["node"] }],
  ["CommonJS, nodenext", "common.cts", inNode, { module: "nodenext", types: ["node"] }],
  ["a module, node16", "module.mts", inNode, { module: "node16", types: ["node"] }],
  ["bundler", "bundled.ts", inNode, { module: "esnext", moduleResolution: "bundler", types: ["node"] }],
  [
    "in a browser, bundler",
    "page.ts",
    inBrowser,
    { module: "esnext", moduleResolution: "bundler", types: [] },
  ],
  ["in a browser, nodenext", "page.mts", inBrowser, { module: "nodenext", types: [] }],
] as const) {
  installedTest(`TypeScript checks every declaration: ${name}`, () => {
    const types = at("node_modules", "@types");
    mkdirSync(types, { recursive: true });
    for (const one of ["node", "undici-types"]) {
      const target = one === "node" ? join(types, "node") : at("node_modules", one);
      const source = one === "node" ? "node_modules/@types/node" : `node_modules/${one}`;
      if (!existsSync(target)) symlinkSync(join(root, source), target);
    }
    writeFileSync(at(file), text);
    const compilerOptions = {
      target: "es2022",
      lib: options.types.length === 0 ? ["es2022", "dom", "esnext.disposable"] : ["es2022"],
      strict: true,
      declaration: true,
      outDir: "compiled",
      // Errors in the package's own declarations count.
      skipLibCheck: false,
      ...options,
    };
    writeFileSync(at("tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
    expect(ran(process.execPath, [compiler, "-p", "."])).toEqual({ status: 0, out: "", err: "" });
  });
}

installedTest("the service answers, with its page", async () => {
  const args = [entry("bin/vultus.js"), "serve", "--port", "0", "--workers", "1"];
  const service = spawn(process.execPath, args, { cwd: project, stdio: ["ignore", "ignore", "pipe"] });
  try {
    const address = await new Promise<string>((resolve, reject) => {
      let said = "";
      service.stderr.on("data", (text) => {
        said += String(text);
        const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(said) ?? [];
        if (found) resolve(found);
      });
      service.once("exit", () => reject(new Error(said)));
    });
    const get = async (path: string): Promise<string> => (await fetch(address + path)).text();
    expect(await get("/")).toMatch(/^<!doctype html>/);
    expect(await get("/metrics")).toContain("vultus_");
    expect(JSON.parse(await get("/openapi.json"))).toHaveProperty("openapi");
    const body = new FormData();
    body.append("photo", new Blob([readFileSync(at("photo.jpg"))]), "photo.jpg");
    const answer = (await (await fetch(`${address}/v1/predict`, { method: "POST", body })).json()) as {
      predictions: { faces: unknown[] }[];
    };
    expect(answer.predictions[0]?.faces).toHaveLength(1);
  } finally {
    service.kill();
  }
});

installedTest("CUDA's library without a driver, as the install script leaves it, does no harm", () => {
  const system = at("node_modules/onnxruntime-node/bin/napi-v6", process.platform, process.arch);
  const library = join(system, "libonnxruntime_providers_cuda.so");
  writeFileSync(library, "no library");
  const { status, err } = vultus(["predict", "photo.jpg"]);
  rmSync(library);
  expect(status, err).toBe(0);
  expect(err).toMatch(/^device: cpu with \d+ threads, because there is no CUDA$/m);
});

installedTest("doctor --prune deletes what other systems would need, and what is left works", () => {
  const systems = at("node_modules/onnxruntime-node/bin");
  const before = sizeOf(systems);
  expect(vultus(["doctor"]).out).toMatch(/other systems take \d+ MB: `.*doctor --prune` deletes them/);
  expect(vultus(["doctor", "--prune"]).out).toMatch(/^deleted the libraries for .*\w+\/\w+: \d+ MB\n$/);
  expect(sizeOf(systems)).toBeLessThan(before / 2);
  expect(vultus(["doctor"]).out).not.toContain("--prune");
  expect(vultus(["predict", "photo.jpg"])).toMatchObject({ status: 0 });
});

test("what is packed is what runs, with the licences of what is built in", () => {
  const paths = packed.files.map(({ path }) => path);
  const folders = new Set(paths.map((path) => path.split("/")[0]));
  expect(folders).toEqual(new Set(["LICENSE", "README.md", "bin", "dist", "models", "package.json"]));
  expect(paths.filter((path) => path.includes("/.") || path.endsWith(".map"))).toEqual([]);
  const licences = readFileSync(join(root, "dist/third-party-licenses.md"), "utf8");
  for (const name of ["fastify", "zod", "commander", "linkedom", "@observablehq/plot", "undici", "bmp-ts"])
    expect(licences).toMatch(new RegExp(`^#+ ${name}\\b`, "m"));
});

/** Bytes of all files in a folder. */
function sizeOf(place: string): number {
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}
