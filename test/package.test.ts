/** The built package: the cost of `import "vultus"`, and the dependencies of the browser entry. */

import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { build } from "../scripts/build.ts";
import { importsOf } from "../scripts/imports.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
beforeAll(() => build(["types", "package"]));

/** The output of a process that imports "vultus" by name and runs `code`; `loaded()` names the libraries in it. */
function printed(code: string): unknown {
  const script = `
    const start = process.cpuUsage();
    const vultus = await import("vultus");
    const { user, system } = process.cpuUsage(start);
    const milliseconds = (user + system) / 1000;
    const loaded = () => ["vips", "onnxruntime"].filter((name) =>
      process.report.getReport().sharedObjects.some((path) => path.includes(name)));
    console.log(JSON.stringify(await (async () => { ${code} })()));`;
  const args = ["--input-type=module", "-e", script];
  return JSON.parse(execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" }));
}

test("an import loads neither sharp nor ONNX Runtime, which come when they are needed", () => {
  const found = printed(`
    const before = loaded();
    vultus.providers();
    const between = loaded();
    const { mkdtempSync, rmSync } = await import("node:fs");
    const folder = mkdtempSync((await import("node:os")).tmpdir() + "/vultus-package-");
    await vultus.writeSyntheticFaces(folder, { perClass: 1, validationPerClass: 0, seed: 1 });
    rmSync(folder, { recursive: true });
    return [before, between, loaded()];`);
  expect(found).toEqual([[], ["onnxruntime"], ["vips", "onnxruntime"]]);
});

test("an engine starts in a program that is given by --eval as a module", () => {
  const opened = printed(`
    const engine = vultus.startEngine({ device: "cpu", threads: 1 });
    const program = await engine.open(vultus.loadBundle("vultus_s").program);
    await program.release();
    await engine.close();
    return "opened";`);
  expect(opened).toBe("opened");
});

/** CPU milliseconds of Node's start, the minimum of five: machines differ by a factor of three, and the same machine by two. */
function startOfNode(): number {
  const script = "const { user, system } = process.cpuUsage(); console.log((user + system) / 1000)";
  const times = Array.from({ length: 5 }, () => Number(execFileSync(process.execPath, ["-e", script])));
  return Math.min(...times);
}

test("an import takes less than four times what Node itself takes to start", () => {
  // The minimum of five: on a busy machine, all other measurements depend more on other processes.
  const times = Array.from({ length: 5 }, () => printed("return milliseconds") as number);
  expect(Math.min(...times) / startOfNode()).toBeLessThan(4);
});

test("vultus --version takes less than six times what Node itself takes to start", () => {
  const script = `
    process.argv = ["node", "vultus", "--version"];
    process.on("exit", () => {
      const { user, system } = process.cpuUsage();
      console.error((user + system) / 1000);
    });
    await import("./bin/vultus.js");`;
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const times = Array.from({ length: 5 }, () => {
    const args = ["--input-type=module", "-e", script];
    const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(stdout).toBe(`${version}\n`);
    return Number(stderr);
  });
  expect(Math.min(...times) / startOfNode()).toBeLessThan(6);
});

test("the browser's entry needs nothing but ONNX Runtime for browsers", () => {
  const files = new Set(["web.js"]);
  const outside = new Set<string>();
  for (const file of files) {
    for (const { specifier } of importsOf(readFileSync(join(dist, file), "utf8"))) {
      if (specifier.startsWith("./")) files.add(specifier.slice(2));
      else outside.add(specifier);
    }
  }
  expect([...outside].sort()).toEqual(["onnxruntime-web/wasm", "onnxruntime-web/webgpu"]);
});

test("there are no source maps without their sources", () => {
  expect(
    readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".map")),
  ).toEqual([]);
});
