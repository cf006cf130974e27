/** The main jobs without onnxruntime-node, on ONNX Runtime's WebAssembly build. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { run } from "../src/cli/main.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { createService } from "../src/server/service.ts";
import { cli } from "./support/cli.ts";
import { clearFace, composite } from "./support/composites.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { expectSameTraining, trainSteps } from "./support/same-training.ts";

vi.hoisted(() => vi.stubEnv("VULTUS_RUNTIME", "wasm"));

const folder = mkdtempSync(join(tmpdir(), "vultus-webassembly-"));
const at = (...path: string[]): string => join(folder, ...path);
const why = "runtime: WebAssembly, which is slower, because VULTUS_RUNTIME=wasm requests it\n";

beforeAll(async () => {
  await writeSyntheticFaces(at("faces"), { perClass: 8, validationPerClass: 4, seed: 1 });
  const photo = composite(300, 300, [{ face: clearFace, x: 150, y: 150, side: 90 }]);
  const { pixels, width, height, channels } = photo;
  await sharp(pixels, { raw: { width, height, channels } }).jpeg({ quality: 95 }).toFile(at("photo.jpg"));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(capture);

interface Face {
  readonly box: object;
  readonly label: string;
  readonly probabilities: Readonly<Record<string, number>>;
}
type Predictions = readonly { readonly faces: readonly Face[] }[];

/** The output of onnxruntime-node for the same command. */
function native(...args: string[]): unknown {
  const env = { ...process.env, VULTUS_RUNTIME: "native" };
  const text = execFileSync(process.execPath, [...cli, ...args, "--json"], {
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return JSON.parse(text);
}

test("predict finds the same face with the same probabilities, and reports why it is slow beside the JSON", async () => {
  const [found] = await printedJson<Predictions>("predict", at("photo.jpg"));
  expect(printed.err).toContain(why);
  const [expected] = native("predict", at("photo.jpg")) as Predictions;
  expect(found?.faces).toHaveLength(1);
  const [face, other] = [found?.faces[0] as Face, expected?.faces[0] as Face];
  expect({ ...face, probabilities: 0, score: 0 }).toEqual({ ...other, probabilities: 0, score: 0 });
  // The last bits of landmarks shift a crop by a fraction of a pixel.
  for (const [name, probability] of Object.entries(other.probabilities))
    expect(Math.abs((face.probabilities[name] as number) - probability), name).toBeLessThan(5e-3);
});

test("training steps are those of onnxruntime-node", () => {
  expectSameTraining(trainSteps("cpu"), trainSteps("cpu", { VULTUS_RUNTIME: "native" }));
});

test("train, evaluate, export in every form, and the forms' answers", { timeout: 300_000 }, async () => {
  const small = ["--model", "vultus_s", "--input-size", "32", "--batch-size", "8"];
  const train = ["train", at("faces"), ...small, "--recipe", "scratch", "--set", "phases.all.epochs=1"];
  expect(await run([...train, "--out", at("run")]), printed.err).toBe(0);
  expect(printed.err).toContain(why);
  const { onnxruntime } = JSON.parse(readFileSync(at("run", "environment.json"), "utf8")) as {
    onnxruntime: string;
  };
  expect(onnxruntime).toMatch(/^1\.\d+\.\d+ \(WebAssembly\)$/);
  const { accuracy } = await printedJson<{ accuracy: number }>("evaluate", at("run"), at("faces"));
  expect(native("evaluate", at("run"), at("faces"))).toMatchObject({ accuracy });
  type Exported = { files: { path: string; top1Agreement: number; maxProbabilityDifference: number }[] };
  const { files } = await printedJson<Exported>("export", at("run"), "--to", "bundle,fp16,int8");
  expect(files).toHaveLength(3);
  for (const { path, top1Agreement, maxProbabilityDifference } of files) {
    expect(top1Agreement, path).toBeGreaterThan(0.9);
    expect(maxProbabilityDifference, path).toBeLessThan(path.includes("int8") ? 0.2 : 0.02);
  }
});

test("explain draws its maps", async () => {
  expect(
    await run(["explain", at("photo.jpg"), "--model", "vultus_s", "--out", at("maps")]),
    printed.err,
  ).toBe(0);
});

test("the service answers, with two workers", async () => {
  await using service = await createService({ model: "vultus_s", workers: 2 });
  const body = new FormData();
  body.append("photo", new Blob([readFileSync(at("photo.jpg"))]), "photo.jpg");
  const request = new Request("http://vultus/", { method: "POST", body });
  const answer = await service.app.inject({
    method: "POST",
    url: "/v1/predict",
    headers: Object.fromEntries(request.headers),
    payload: Buffer.from(await request.arrayBuffer()),
  });
  const { predictions } = answer.json<{ predictions: Predictions }>();
  expect(predictions[0]?.faces).toHaveLength(1);
});

test("doctor reports the runtime and why", async () => {
  const facts = await printedJson<Record<string, unknown>>("doctor");
  expect(facts).toMatchObject({ runtime: "WebAssembly", providers: ["cpu"] });
  expect(facts.advice).toContain(
    "programs run on WebAssembly, which is slower and has no GPU, because VULTUS_RUNTIME=wasm requests it",
  );
});

test("another device is refused before anything is loaded", async () => {
  expect(await run(["predict", at("photo.jpg"), "--device", "webgpu"])).toBe(2);
  expect(printed.err).toContain("has no webgpu provider, only cpu; `vultus doctor` explains how to add one");
});
