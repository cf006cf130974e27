import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { otherSystems, removeOtherSystems, systemOf } from "./other-systems.node.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-systems-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Creates libraries in the layout of onnxruntime-node: 1,000 bytes and a binding of 10 bytes per system. */
function layOut(name: string, systems: readonly string[]): string {
  const all = join(folder, name, "bin", "napi-v6");
  for (const system of systems) {
    mkdirSync(join(all, system), { recursive: true });
    writeFileSync(join(all, system, "onnxruntime_binding.node"), Buffer.alloc(10));
    writeFileSync(join(all, system, "library"), Buffer.alloc(1000));
  }
  return all;
}

test("the libraries of other systems go, and nothing else does", () => {
  const all = layOut("every", ["linux/x64", "linux/arm64", "win32/x64"]);
  mkdirSync(join(all, "linux", "notes"));
  const found = otherSystems(join(all, "linux/x64"));
  expect(found.folders.map(systemOf).sort()).toEqual(["linux/arm64", "win32/x64"]);
  expect(found.bytes).toBe(2020);
  expect(removeOtherSystems(join(all, "linux/x64"))).toEqual(found);
  expect(readdirSync(join(all, "linux")).sort()).toEqual(["notes", "x64"]);
  expect(readdirSync(join(all, "linux/x64")).sort()).toEqual(["library", "onnxruntime_binding.node"]);
  expect(existsSync(join(all, "win32/x64"))).toBe(false);
  expect(removeOtherSystems(join(all, "linux/x64"))).toEqual({ folders: [], bytes: 0 });
});

test("nothing goes where the libraries of this system are not", () => {
  const all = layOut("others", ["linux/arm64", "win32/x64"]);
  expect(removeOtherSystems(join(all, "linux/x64"))).toEqual({ folders: [], bytes: 0 });
  expect(existsSync(join(all, "win32/x64/library"))).toBe(true);
});
