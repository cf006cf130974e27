/** The architecture: which folder may import which, and the rules for every file of `src/`. */

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Import, importsOf, reachable } from "../scripts/imports.ts";

/**
 * A folder imports only from folders above it; only tests may import anything. `docs/architecture.md` describes the content of
 * each folder.
 */
const table = [
  "util",
  "metrics",
  "onnx",
  "graph",
  "ops",
  "autodiff",
  "nn",
  "losses",
  "augment",
  "optim",
  "models",
  "formats",
  "weights",
  "program",
  "runtime",
  "data",
  "evaluate",
  "train",
  "export",
  "audit",
  "predict",
  "report",
  "server",
  "jobs",
  "cli",
] as const;

/** Folders that run only in Node; in other folders, only tests and files named `*.node.ts` do. */
const nodeFolders: readonly string[] = ["report", "server", "jobs", "cli"];
const nodeOnly = /^(node:|sharp$|onnxruntime-node$)|\.node\.ts$/;
const runtimeOnly = /^onnxruntime-/;
const longest = 400;

interface Source {
  /** Path below `src/`. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const root = fileURLToPath(new URL("..", import.meta.url));
const src = join(root, "src");
const isTest = (path: string): boolean => path.endsWith(".test.ts");
const isGenerated = (path: string): boolean => path.endsWith("_pb.ts");

const sources: readonly Source[] = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => {
    const text = readFileSync(join(src, path), "utf8");
    const [folder = "", inside] = path.split("/");
    return { path, folder: inside ? folder : "", text, imports: importsOf(text) };
  });

/** Returns `path imports specifier` for every import that `refuses` matches. */
function offences(refuses: (source: Source, specifier: string, typeOnly: boolean) => boolean): string[] {
  return sources.flatMap((source) =>
    source.imports
      .filter(({ specifier, typeOnly }) => refuses(source, specifier, typeOnly))
      .map(({ specifier }) => `${source.path} imports ${specifier}`),
  );
}

test("imports are found in every form", () => {
  const text = `import a from "a";\nimport type {\n  B,\n} from "b";\nexport * from "c";\nawait import("d");\nimport "e";`;
  const found = importsOf(text).map(({ specifier, typeOnly }) =>
    typeOnly ? `type ${specifier}` : specifier,
  );
  expect(found.sort()).toEqual(["a", "c", "d", "e", "type b"]);
  expect(sources.length).toBeGreaterThan(100);
});

test("every folder of src/ stands in the table, and files outside a folder are public entries", () => {
  const unknown = sources.filter(
    ({ path, folder }) =>
      !table.includes(folder as never) && !["element.ts", "index.ts", "server.ts", "web.ts"].includes(path),
  );
  expect(unknown.map(({ path }) => path)).toEqual([]);
});

test("a folder imports only from folders above it", () => {
  const below = offences(({ path, folder }, specifier) => {
    if (folder === "" || isTest(path) || !specifier.startsWith(".")) return false;
    // The version is compiled in for environments that cannot read files.
    if (path === "util/version.web.ts" && specifier === "../../package.json") return false;
    const [target = ""] = relative(src, join(src, dirname(path), specifier)).split("/");
    const row = table.indexOf(target as never);
    return row < 0 || row > table.indexOf(folder as never);
  });
  expect(below).toEqual([]);
});

/** One file of each known import cycle that is to be removed; none may be added, and resolved ones must be deleted here. */
const openCircles: readonly string[] = [];

test("circles of imports are found, also those of types", () => {
  const edges = { a: ["b"], b: ["c", "d"], c: ["a"], d: ["e", "d"], e: [] };
  expect(circlesOf(new Map(Object.entries(edges)))).toEqual(["a b c", "d"]);
});

test("no files import each other in a circle, not even types", () => {
  const edges = new Map(
    sources.map(({ path, imports }) => {
      const inside = imports.filter(({ specifier }) => specifier.startsWith("."));
      return [path, inside.map(({ specifier }) => join(dirname(path), specifier))];
    }),
  );
  const circles = circlesOf(edges).map((files) => files.split(" "));
  expect(circles.filter((files) => !openCircles.some((file) => files.includes(file)))).toEqual([]);
  expect(openCircles.filter((file) => !circles.some((files) => files.includes(file)))).toEqual([]);
});

test("only *.node.ts, report/, server/, jobs/ and cli/ need Node", () => {
  const node = offences(
    ({ path, folder }, specifier, typeOnly) =>
      nodeOnly.test(specifier) &&
      !typeOnly &&
      !nodeFolders.includes(folder) &&
      !path.endsWith(".node.ts") &&
      !isTest(path) &&
      !["index.ts", "server.ts"].includes(path),
  );
  expect(node).toEqual([]);
});

test("only runtime/ names onnxruntime", () => {
  expect(offences(({ folder }, specifier) => runtimeOnly.test(specifier) && folder !== "runtime")).toEqual(
    [],
  );
});

test("folders are made by makeFolder: Node's own recursive mkdir never returns if one cannot be made", () => {
  const recursive = /\bmkdir(Sync)?\([^)]*recursive/;
  expect(sources.filter(({ path, text }) => !isTest(path) && recursive.test(text))).toEqual([]);
});

/** Files that compile networks. A page that only runs models works without them; it may load them with `import(…)`. */
const compiler = /^src\/((graph|ops|autodiff|nn|augment|optim|models)\/|program\/finish\.ts$)/;

/** Every file that loading `entry` loads, as paths below the root. */
function loadedBy(entry: string): string[] {
  const files = reachable([join(root, entry)], ({ typeOnly, lazy }) => !typeOnly && !lazy);
  return files.map((path) => relative(root, path));
}

test.each([
  ["src/web.ts", "src/predict/model.web.ts"],
  ["web/src/main.tsx", "src/predict/prediction.ts"],
  ["web/src/element/vultus-camera.tsx", "src/predict/prediction.ts"],
  ["web/src/recogniser/worker.ts", "src/predict/model.web.ts"],
  ["web/src/watch/main.tsx", "src/train/run-state.ts"],
])("%s loads no compiler: a model's metadata is plain data", (entry, known) => {
  const loaded = loadedBy(entry);
  expect(loaded).toContain(known);
  expect(loaded.filter((path) => compiler.test(path))).toEqual([]);
});

test("the page's explanation does load the compiler, which the test above would find", () => {
  const loaded = loadedBy("web/src/recogniser/explain.ts");
  expect(loaded.filter((path) => compiler.test(path)).length).toBeGreaterThan(30);
});

test("sharp and onnxruntime-node are loaded by one file each, which do so when they are needed", () => {
  const libraries = /^(sharp|onnxruntime-node)$/;
  expect(
    offences(({ path }, specifier, typeOnly) => libraries.test(specifier) && !typeOnly && !isTest(path)),
  ).toEqual([]);
});

test("files begin with a sentence, have no default export, and stay short", () => {
  const written = sources.filter(({ path }) => !isGenerated(path));
  const paths = (files: readonly Source[]): string[] => files.map(({ path }) => path);
  expect(paths(written.filter(({ path, text }) => !isTest(path) && !text.startsWith("/**")))).toEqual([]);
  expect(paths(written.filter(({ text }) => /^export default\b|\bas default\b/m.test(text)))).toEqual([]);
  expect(paths(written.filter(({ text }) => text.split("\n").length - 1 > longest))).toEqual([]);
});

test("the linter says the same, so that an editor shows a wrong import while it is written", () => {
  const file = join(root, ".oxlintrc.json");
  const config = JSON.parse(readFileSync(file, "utf8")) as { overrides: { rules: object }[] };
  const others = config.overrides.filter(({ rules }) => !("no-restricted-imports" in rules));
  const tests = { files: ["src/**/*.test.ts"], rules: { "no-restricted-imports": "off" } };
  const overrides = [...others, ...table.flatMap(lintRules), tests];
  // After a change of the table: UPDATE=1 npx vitest run test/architecture.test.ts
  if (process.env.UPDATE) {
    const lines = overrides.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n");
    const text = JSON.stringify({ ...config, overrides: "" }, null, 2);
    writeFileSync(file, `${text.replace('"overrides": ""', `"overrides": [\n${lines}\n  ]`)}\n`);
  } else expect(config.overrides).toEqual(overrides);
});

/** The files of each import cycle on one line: files that reach each other, and files that import themselves. */
function circlesOf(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const reached = new Map([...edges.keys()].map((path) => [path, reachedFrom(path, edges)]));
  const circles = [...edges.keys()]
    .filter((path) => reached.get(path)?.has(path))
    .map((path) =>
      [...edges.keys()].filter((other) => reached.get(path)?.has(other) && reached.get(other)?.has(path)),
    )
    .map((circle) => circle.sort().join(" "));
  return [...new Set(circles)].sort();
}

/** The direct and indirect imports of the file at `path`. */
function reachedFrom(path: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const found = new Set(edges.get(path));
  for (const one of found) for (const next of edges.get(one) ?? []) found.add(next);
  return found;
}

/** The linter's entries for one folder: one for its files, and one for those that may use Node. */
function lintRules(folder: (typeof table)[number]): object[] {
  const below = table.slice(table.indexOf(folder) + 1).join("|");
  const layering = { regex: `^(\\.\\./)+(${below})/`, message: `${folder}/ stands above that folder.` };
  const runtime = { regex: runtimeOnly.source, message: "Only runtime/ names onnxruntime." };
  const node = {
    regex: nodeOnly.source,
    allowTypeImports: true,
    message: "Only a *.node.ts file needs Node.",
  };
  const everywhere = [...(below ? [layering] : []), ...(folder === "runtime" ? [] : [runtime])];
  const entry = (files: string, patterns: object[]): object => ({
    files: [files],
    rules: { "no-restricted-imports": ["error", { patterns }] },
  });
  if (nodeFolders.includes(folder)) return [entry(`src/${folder}/**`, everywhere)];
  return [entry(`src/${folder}/**`, [...everywhere, node]), entry(`src/${folder}/**/*.node.ts`, everywhere)];
}
