/** The committed numbers match the output of their scripts in test/reference. Skips if Python lacks their imports. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { hasPython, python } from "./support/python.ts";

const reference = fileURLToPath(new URL("reference", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "vultus-references-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!hasPython("numpy, torch, torchvision"))("by PyTorch", () => {
  const names = ["optimizers", "schedules", "losses", "transforms"];
  // One process for all: importing PyTorch takes longer than the scripts themselves.
  const all = names.map((name) => [join(reference, `${name}.py`), join(folder, `${name}.json`)]);
  run(
    "-c",
    "import runpy, sys\nfor sys.argv in eval(sys.argv[1]): runpy.run_path(sys.argv[0])",
    JSON.stringify(all),
  );
  for (const name of names)
    expectSame(JSON.parse(readFileSync(join(folder, `${name}.json`), "utf8")), committed(name), name);
});

test.skipIf(!hasPython("numpy, timm, torchvision, efficientnet_lite_pytorch"))(
  "by timm",
  { timeout: 300_000 },
  () => {
    for (const name of ["names", "positions"]) {
      const path = join(folder, `${name}.json`);
      run(join(reference, `${name}.py`), path);
      expectSame(JSON.parse(readFileSync(path, "utf8")), committed(name), name);
    }
  },
);

test.skipIf(!hasPython("numpy, scipy, sklearn"))("by scikit-learn", () => {
  for (const name of ["metrics", "prior"])
    expectSame(JSON.parse(run(join(reference, `${name}.py`))), committed(name), name);
});

/** Python's output. */
function run(...args: string[]): string {
  const env = { ...process.env, PYTHONPATH: reference };
  const { status, stdout, stderr } = spawnSync(python, args, { encoding: "utf8", env });
  expect(status, stderr).toBe(0);
  return stdout;
}

function committed(name: string): unknown {
  return JSON.parse(readFileSync(join(reference, `${name}.json`), "utf8"));
}

/** Compares numbers to a millionth of the largest of their row (of their own magnitude outside rows), anything else exactly. */
function expectSame(actual: unknown, expected: unknown, path: string): void {
  if (typeof expected !== "object" || expected === null) {
    if (typeof expected === "number") expectClose([actual], [expected], path);
    else expect(actual, path).toBe(expected);
    return;
  }
  expect(Object.keys(actual as object), path).toEqual(Object.keys(expected));
  if (Array.isArray(expected) && expected.every((v) => typeof v === "number"))
    return expectClose(actual as unknown[], expected, path);
  for (const [key, value] of Object.entries(expected))
    expectSame((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
}

function expectClose(actual: readonly unknown[], expected: readonly number[], path: string): void {
  const largest = expected.reduce((top, v) => Math.max(top, Math.abs(v)), 1e-9);
  for (const [i, value] of expected.entries())
    expect(Math.abs((actual[i] as number) - value) / largest, `${path}[${i}]`).toBeLessThan(1e-6);
}
