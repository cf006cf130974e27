/**
 * `vultus export --triton`: the repository's layout, its config.pbtxt read by buf with Triton's schema, and that the model's
 * inputs and outputs match the config. No Triton runs here: its requests are simulated with ONNX Runtime.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { tritonConfig } from "../src/export/triton.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { urlName } from "../src/util/url-name.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-triton-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);
const at = (...parts: string[]): string => join(folder, ...parts);
const classes = ["angry", "happy", "sad"] as const;
/** A few images for checking; the default of a thousand drawn ones takes long. */
const quick = ["--data", at("faces"), "--device", "cpu"];
const buf = fileURLToPath(new URL("../node_modules/.bin/buf", import.meta.url));
const schema = fileURLToPath(new URL("reference/triton.proto", import.meta.url));

beforeAll(async () => {
  for (const label of classes) {
    mkdirSync(at("faces", label), { recursive: true });
    const { pixels, width, height, channels } = drawFace(label, "triton", 0);
    await sharp(pixels, { raw: { width, height, channels } }).toFile(at("faces", label, "0.png"));
  }
  writeClassifier(at("my run.safetensors"), smallArchitecture(...classes));
});

/** The text parsed with the schema and written again; buf drops fields that the schema does not have. */
function reread(text: string, format: "json" | "txtpb"): string {
  const conversion = [
    "--type",
    "inference.ModelConfig",
    "--from",
    "-#format=txtpb",
    "--to",
    `-#format=${format}`,
  ];
  const { status, stdout, stderr } = spawnSync(buf, ["convert", schema, ...conversion], {
    input: text,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return stdout;
}

const fieldsOf = (text: string): string[] =>
  [
    ...new Set([...text.replace(/#.*/g, "").matchAll(/(\w+)\s*[:{]/g)].map(([, name]) => name as string)),
  ].sort();

/** The content of the config, after checking that it has no field unknown to Triton. */
function readConfig(path: string): Record<string, unknown> {
  const text = readFileSync(path, "utf8");
  expect(fieldsOf(reread(text, "txtpb"))).toEqual(fieldsOf(text.replace("kind: KIND_AUTO ", "")));
  return JSON.parse(reread(text, "json")) as Record<string, unknown>;
}

describe.each(["uint8", "float32"] as const)("of %s images", (input) => {
  test("is what Triton documents, and what the model does", { timeout: 60_000 }, async () => {
    const repository = at(input);
    const { files } = await printedJson<{ files: { path: string; top1Agreement: number }[] }>(
      "export",
      at("my run.safetensors"),
      ...["--triton", repository, "--input", input, ...quick],
    );
    const model = join(repository, "my_run", "1", "model.onnx");
    expect(files).toMatchObject([{ form: "triton", path: model, top1Agreement: 1 }]);
    expect(readFileSync(join(repository, "my_run", "labels.txt"), "utf8")).toBe("angry\nhappy\nsad\n");

    const bytes = input === "uint8";
    expect(readConfig(join(repository, "my_run", "config.pbtxt"))).toEqual({
      name: "my_run",
      backend: "onnxruntime",
      maxBatchSize: 32,
      input: [
        {
          name: "pictures",
          dataType: bytes ? "TYPE_UINT8" : "TYPE_FP32",
          dims: bytes ? ["-1", "-1", "3"] : ["3", "-1", "-1"],
          format: bytes ? "FORMAT_NHWC" : "FORMAT_NCHW",
        },
      ],
      output: [
        { name: "probabilities", dataType: "TYPE_FP32", dims: ["3"], labelFilename: "labels.txt" },
        { name: "logits", dataType: "TYPE_FP32", dims: ["3"] },
        { name: "embedding", dataType: "TYPE_FP32", dims: ["152"] },
      ],
      versionPolicy: { latest: { numVersions: 1 } },
      instanceGroup: [{ count: 1 }],
      dynamicBatching: { maxQueueDelayMicroseconds: "2000", defaultQueuePolicy: { maxQueueSize: 256 } },
    });

    // As Triton calls it: a batch axis before `dims`, of 1 and of the maximum, with arbitrary extents for -1.
    const session = await openSession(readFileSync(model), { device: "cpu", threads: 2 });
    for (const [n, height, width] of [
      [1, 48, 48],
      [32, 20, 31],
    ] as const) {
      const shape = bytes ? [n, height, width, 3] : [n, 3, height, width];
      const count = n * height * width * 3;
      const outputs = await session.run({
        pictures: bytes
          ? { dtype: "uint8", shape, data: new Uint8Array(count) }
          : { dtype: "float32", shape, data: new Float32Array(count) },
      });
      expect(outputs.probabilities?.shape).toEqual([n, 3]);
      expect(outputs.logits?.shape).toEqual([n, 3]);
      expect(outputs.embedding?.shape).toEqual([n, 152]);
    }
    await session.release();
  });
});

test("a model that ships, by its name; what is in the repository already stays", {
  timeout: 60_000,
}, async () => {
  const repository = at("shared");
  for (const model of [at("my run.safetensors"), "vultus_m"])
    expect(await run(["export", model, "--triton", repository, ...quick]), printed.err).toBe(0);
  expect(printed.out).toContain(`tritonserver --model-repository=${repository}`);
  for (const name of ["my_run", "vultus_m"])
    expect(readConfig(join(repository, name, "config.pbtxt"))).toMatchObject({ name });
});

test("`--to triton` writes beside the other forms", { timeout: 60_000 }, async () => {
  const { files } = await printedJson<{ files: { path: string }[] }>(
    "export",
    at("my run.safetensors"),
    ...["--to", "bundle,triton", "--out", at("both"), ...quick],
  );
  expect(files.map(({ path }) => path)).toEqual([
    at("both", "model.onnx"),
    at("both", "triton", "my_run", "1", "model.onnx"),
  ]);
});

test("a field that Triton does not have is found", () => {
  const text = `${tritonConfig("a", loadBundle("vultus_m").program)}max_batch: 3\n`;
  expect(fieldsOf(text)).toContain("max_batch");
  expect(fieldsOf(reread(text, "txtpb"))).not.toContain("max_batch");
});

test("a fixed batch is refused: Triton could not merge requests", () => {
  const { program } = loadBundle("vultus_m");
  const tensors = program.tensors.map((tensor) =>
    tensor.name === "logits" ? { ...tensor, shape: [1, 6] } : tensor,
  );
  expect(() => tritonConfig("a", { ...program, tensors })).toThrow(/logits is float32 \[1, 6\]/);
});

test("names become parts of URLs and folders", () => {
  expect(["resnet50-progressive-1", "my run", "../x", "Gesichter (öffentlich)", "…"].map(urlName)).toEqual([
    "resnet50-progressive-1",
    "my_run",
    "_x",
    "Gesichter_ffentlich_",
    "_",
  ]);
});
