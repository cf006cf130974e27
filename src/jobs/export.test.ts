import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { shippedModel } from "../weights/shipped.node.ts";
import { defaultFolder } from "./export.ts";

const run = mkdtempSync(join(tmpdir(), "vultus-export-"));
afterAll(() => rmSync(run, { recursive: true }));

test("an export lies in its run, beside its file, or in the working folder for a model that ships", () => {
  expect(defaultFolder(run)).toBe(join(run, "export"));
  expect(defaultFolder(join(run, "best.onnx"))).toBe(join(run, "export"));
  expect(defaultFolder("vultus_s")).toBe("export");
  // A loaded model is identified by its file, which is part of the package.
  expect(defaultFolder(shippedModel())).toBe("export");
});
