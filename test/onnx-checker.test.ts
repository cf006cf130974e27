/**
 * Written files are valid ONNX for other tools too: the checker of the onnx project accepts a bundle. Skips if Python has no
 * onnx. Debian's, 1.12, is older than the opset of train steps, whose reductions take their axes as an input.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describe, withNewWeights } from "../src/models/classifier.ts";
import { compileBundle } from "../src/program/bundle.ts";
import { classifierMetadata } from "../src/weights/classifier-file.ts";
import { families, familyArchitecture, livelyWeights } from "./support/families.ts";
import { hasPython, python } from "./support/python.ts";
import { smallArchitecture } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-checker-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.skipIf(!hasPython("onnx"))("a bundle is checked, and its metadata read", () => {
  const architecture = smallArchitecture("happy", "sad");
  const weights = withNewWeights(describe(architecture).specs, new Map(), 0);
  const metadata = classifierMetadata(architecture);
  const path = join(folder, "bundle.onnx");
  writeFileSync(path, compileBundle({ architecture, weights, metadata }).model);
  const check = [
    "import json, onnx, sys",
    "onnx.checker.check_model(sys.argv[1])",
    "print(json.dumps({p.key: p.value for p in onnx.load(sys.argv[1]).metadata_props}))",
  ].join("\n");
  const { status, stdout, stderr } = spawnSync(python, ["-c", check, path], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ labels: '["happy","sad"]' });
});

test.skipIf(!hasPython("onnx"))("bundles of every family are checked, their shapes inferred as well", () => {
  const paths = families.flatMap((backbone) => {
    const architecture = familyArchitecture(backbone);
    const weights = livelyWeights(architecture);
    return (["float32", "float16"] as const).map((stored) => {
      const path = join(folder, `${backbone.name}-${stored}.onnx`);
      writeFileSync(path, compileBundle({ architecture, weights, stored }).model);
      return path;
    });
  });
  const check =
    "import onnx, sys\nfor path in sys.argv[1:]: onnx.checker.check_model(onnx.load(path), full_check=True)";
  const { status, stderr } = spawnSync(python, ["-c", check, ...paths], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
});
