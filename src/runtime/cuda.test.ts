import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { findCuda } from "./cuda.node.ts";

const empty = mkdtempSync(join(tmpdir(), "vultus-cuda-"));
const filled = mkdtempSync(join(tmpdir(), "vultus-cuda-"));
writeFileSync(join(filled, "libonnxruntime_providers_cuda.so"), "no library");
afterAll(() => [empty, filled].forEach((folder) => rmSync(folder, { recursive: true })));

const untried = (): never => expect.fail("there is nothing to try");

test("without the provider there is no CUDA", () => {
  expect(findCuda(empty, true, untried)).toEqual({
    installed: false,
    fault: "its provider is not installed",
  });
});

test("the provider without a driver, as the install script leaves it on a machine without a GPU", () => {
  expect(findCuda(filled, false, untried)).toEqual({
    installed: true,
    fault: "there is no NVIDIA driver",
  });
});

test("the provider and a driver: what a try finds", () => {
  expect(findCuda(filled, true, () => undefined)).toEqual({ installed: true, fault: undefined });
  expect(findCuda(filled, true, () => "libcudnn.so.9 is missing").fault).toBe("libcudnn.so.9 is missing");
});

test("a real try fails with ONNX Runtime's reason, if it has no CUDA", () => {
  const { fault } = findCuda(filled, true);
  if (fault !== undefined) expect(fault).toMatch(/cuda/i);
});
