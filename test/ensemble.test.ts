/** `vultus ensemble`: what it writes, that everything accepts it like any model, and what it refuses. */

import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { inMemory, runBundle } from "../src/evaluate/run-bundle.ts";
import { writeBundle } from "../src/export/write-bundle.node.ts";
import { type EnsembleResult, ensemble, loadModel, predict } from "../src/index.ts";
import { describe as describeModel } from "../src/models/classifier.ts";
import { loadModel as loadWebModel } from "../src/predict/model.web.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { modelSchema } from "../src/server/schemas.ts";
import { cutPictures } from "../src/train/recut.node.ts";
import { type Provenance, provenanceOf } from "../src/weights/classifier-file.ts";
import { readEnsemble } from "../src/weights/ensemble-file.ts";
import { loadClassifier, loadMembers, loadWeights } from "../src/weights/load.node.ts";
import type { Member } from "../src/weights/members.ts";
import { memberOf, members, pictures } from "./support/ensemble.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { startService } from "./support/service.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-ensemble-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const photo = at("faces", "validation", "happy", "0001.png");
const faces = [at("faces"), "--device", "cpu", "--threads", "2"];
const paths = members.map(({ name }) => at(`${name}.onnx`));
const written = at("all.onnx");
const weights = ["--weights", "0.5,0.2,0.3"];

function write({ name, architecture, weights: tensors, metadata }: Member, more: Provenance = {}): string {
  const path = at(`${name}.onnx`);
  writeBundle(path, { architecture, weights: tensors }, { ...provenanceOf(metadata, name), ...more });
  return path;
}

async function answersOf(path: string): Promise<Float32Array> {
  const bundle = loadBundle(path);
  const model = await loadModel(path, { detector: false, threads: 1 });
  const { probabilities } = await runBundle(model.classifier.open, bundle, inMemory(pictures));
  await model.close();
  return probabilities;
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));

beforeEach(capture);
beforeAll(async () => {
  await writeSyntheticFaces(at("faces"), { perClass: 4, validationPerClass: 12, seed: 5 });
  for (const member of members) write(member);
  expect(await run(["ensemble", ...paths, "--out", written, ...weights]), printed.err).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what is written", () => {
  test("says who its members are, in its metadata and in its card", () => {
    const { metadata } = loadBundle(written);
    const found = readEnsemble(metadata, written)?.members.map(({ name, weight }) => [name, weight]);
    expect(found).toEqual(members.map(({ name, weight }) => [name, weight]));
    expect(metadata.license).toBe("grey: MIT; coloured: CC BY 4.0; larger: not stated");
    const card = readFileSync(at("all.md"), "utf8");
    for (const text of [
      "# Model card: all",
      "| grey | 0.500 | vultus\\_s | 32 px |",
      "- coloured: CC BY 4.0.",
    ])
      expect(card).toContain(text);
    expect(card).toContain("Not measured");
    expect(card).not.toMatch(/accuracy \|/i);
  });

  test("with --half takes half the space and answers nearly alike", async () => {
    const half = await printedJson<EnsembleResult>(
      ...["ensemble", ...paths, "--out", at("half.onnx"), ...weights, "--half"],
    );
    expect(half.bytes / readFileSync(written).length).toBeLessThan(0.55);
    expect(half.maxProbabilityDifference).toBeGreaterThan(0);
    expect(distance(await answersOf(at("half.onnx")), await answersOf(written))).toBeLessThan(0.02);
  });

  test("weights are divided by their sum, with a note; a weight of 0 leaves a model out", async () => {
    const out = at("ten.onnx");
    const args = ["ensemble", ...paths, "--out", out, "--weights", "5,0,3"];
    const { members: kept } = await printedJson<EnsembleResult>(...args);
    expect(kept.map(({ name, weight }) => [name, weight])).toEqual([
      ["grey", 0.625],
      ["larger", 0.375],
    ]);
    expect(printed.err).toContain("the weights sum to 8; each was divided by that");
    expect(printed.err).toContain("coloured is left out: its weight is 0");
  });

  test("an ensemble in an ensemble counts as its members", async () => {
    const pair = at("pair.onnx");
    await ensemble({ models: paths.slice(0, 2), out: pair, weights: [5, 2], device: "cpu" });
    const nested = at("nested.onnx");
    const result = await ensemble({ models: [pair, paths[2] as string], out: nested, weights: [0.7, 0.3] });
    for (const [k, { name, weight }] of members.entries()) {
      expect(result.members[k]?.name).toBe(name);
      expect(result.members[k]?.weight).toBeCloseTo(weight, 12);
    }
    expect(distance(await answersOf(nested), await answersOf(written))).toBeLessThan(1e-6);
  });

  test("models of one name get names of their own", async () => {
    for (const run of ["first", "second"]) {
      mkdirSync(at("named", run, "same"), { recursive: true });
      const index = run === "first" ? 0 : 2;
      cpSync(paths[index] as string, at("named", run, "same", "best.onnx"));
    }
    const models = [at("named", "first", "same"), at("named", "second", "same")];
    const result = await ensemble({ models, out: at("named.onnx") });
    expect(result.members.map(({ name }) => name)).toEqual(["same", "same-2"]);
    expect(result.weights).toBe("equal");
  });
});

describe("fitted weights", () => {
  test("are at least as likely as every member alone, and the fit flatters no score", async () => {
    const out = at("fitted.onnx");
    const args = ["ensemble", ...paths, "--out", out, "--fit", at("faces")];
    const { scores, members: kept, weights: kind } = await printedJson<EnsembleResult>(...args);
    expect(kind).toBe("fitted");
    expect(scores).toMatchObject({ n: 36, split: "validation" });
    expect(kept.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1, 9);

    const { labels, probabilities } = await predictionsOf(out);
    const nll =
      probabilities.reduce((sum, row, n) => sum - Math.log(row[labels[n] as number] as number), 0) / 36;
    for (const [name, { nll: alone }] of Object.entries(scores?.members ?? {}))
      expect(nll, name).toBeLessThanOrEqual(alone + 1e-6);
    // Cross-fitted, so not the result of the fitted weights.
    expect(scores?.ensemble.nll).toBeGreaterThan(nll);
    const { metrics } = provenanceOf(loadBundle(out).metadata, out);
    expect(metrics).toMatchObject({ n: 36, split: "validation", accuracy: scores?.ensemble.accuracy });
    const card = readFileSync(at("fitted.md"), "utf8");
    expect(card).toContain("cross-fitted in five folds");
    expect(card).toContain(`| ensemble | ${((scores?.ensemble.accuracy ?? 0) * 100).toFixed(1)} % |`);
  });

  test("are no news to who scores the model on the same images, and on no others", async () => {
    const out = at("fitted.onnx");
    const evaluate = (split: string) =>
      printedJson<{ calibration: { fittedHere: boolean } }>("evaluate", out, ...faces, "--split", split);
    expect((await evaluate("validation")).calibration.fittedHere).toBe(true);
    expect(printed.err).toContain(`the weights of ${out} were fitted on these images`);
    capture();
    expect((await evaluate("train")).calibration.fittedHere).toBe(false);
    expect(printed.err).not.toContain("were fitted on these images");
    const given = await printedJson<{ calibration: { fittedHere: boolean } }>("evaluate", written, ...faces);
    expect(given.calibration.fittedHere).toBe(false);
  });

  /** The written model's probabilities for the validation images. */
  async function predictionsOf(path: string): Promise<{ labels: number[]; probabilities: number[][] }> {
    const model = await loadModel(path, { detector: false, threads: 1 });
    const { samples } = await readDataset([at("faces")], { classes: model.classes, allowMissing: true });
    const validation = samples.filter(({ split }) => split === "validation");
    const probabilities: number[][] = [];
    for (const { source } of validation) {
      const { faces: found } = await predict(model, source.kind === "file" ? source.path : source.picture);
      probabilities.push(model.classes.map((name) => found[0]?.probabilities[name] as number));
    }
    await model.close();
    return { labels: validation.map(({ label }) => label), probabilities };
  }
});

describe("everything takes it like any model", () => {
  test("evaluate, with test-time augmentation and robustness", async () => {
    const json = await printedJson<{ n: number; tta: object; robustness: object; calibration: object }>(
      ...["evaluate", written, ...faces, "--tta", "--robustness", "--pictures", "6"],
    );
    expect(json.n).toBe(36);
    expect(json.tta).toBeDefined();
    expect(json.robustness).toBeDefined();
    expect(json.calibration).toMatchObject({ temperature: 1 });
  });

  test("compare, with a model whose classes stand in another order", async () => {
    const json = await printedJson<{ n: number }>("compare", written, paths[2] as string, ...faces);
    expect(json.n).toBe(36);
  });

  test("predict", async () => {
    expect(await run(["predict", photo, "--model", written, "--no-detect", "--json"]), printed.err).toBe(0);
    const [prediction] = JSON.parse(printed.out) as { faces: { probabilities: Record<string, number> }[] }[];
    const shares = Object.values(prediction?.faces[0]?.probabilities ?? {});
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
  });

  test("explain", async () => {
    const args = ["explain", photo, "--model", written, "--no-detect", "--out", at("maps")];
    const { photos } = await printedJson<{ photos: { faces: { overlay: string }[] }[] }>(
      ...args,
      ...["--data", at("faces"), "--pictures", "6"],
    );
    expect(existsSync(photos[0]?.faces[0]?.overlay ?? "")).toBe(true);
    expect(existsSync(at("maps", "mean-grad-cam.png"))).toBe(true);
  });

  test("serve, which names its members and shows its card", async () => {
    const service = await startService({ model: written, detector: false });
    const described = modelSchema.parse((await service.app.inject("/v1/model")).json<unknown>());
    const answer = await service.app.inject({
      method: "POST",
      url: "/v1/predict?detect=false",
      payload: readFileSync(photo),
      headers: { "content-type": "image/png" },
    });
    await service.close();
    expect(described).toMatchObject({ name: "all", backbone: null, labels: ["angry", "happy", "sad"] });
    expect(described.members).toEqual(
      members.map(({ name, weight, architecture: { backbone, inputSize }, metadata }) => ({
        name,
        weight,
        backbone: backbone.name,
        inputSize,
        license: metadata.license ?? null,
      })),
    );
    expect(described.card).toContain("# Model card: all");
    expect(answer.statusCode).toBe(200);
    expect(answer.json<{ predictions: { faces: unknown[] }[] }>().predictions[0]?.faces).toHaveLength(1);
  });

  test("a page: it is loaded there and answers as in Node", async () => {
    const model = await loadWebModel(new Uint8Array(readFileSync(written)), { device: "cpu", threads: 1 });
    const { open, bundle } = model.classifier;
    const { probabilities } = await runBundle(open, bundle, inMemory(pictures));
    await model.close();
    expect(distance(probabilities, await answersOf(written))).toBeLessThan(1e-5);
  });
});

describe("what a member was trained on is scored for no ensemble in silence", () => {
  test("images of its data that are marked as training", async () => {
    const { fingerprint } = await readDataset([at("faces")], {
      classes: members[0]?.architecture.classes ?? [],
      allowMissing: true,
    });
    const trained = write(memberOf("trained", {}, { temperature: 2 }), { dataFingerprint: fingerprint });
    const out = at("seen.onnx");
    await ensemble({ models: [paths[1] as string, trained], out });
    await printedJson("evaluate", out, ...faces, "--split", "train");
    expect(printed.err).toContain(`${out} (its member trained) was trained on 12 of these 12 images`);
    // Compared with a model that also has another order of classes.
    capture();
    await printedJson("compare", paths[1] as string, trained, ...faces, "--split", "train");
    expect(printed.err).toContain(`${trained} was trained on 12 of these 12 images`);
    capture();
    const json = await printedJson<{ calibration: { fittedHere: boolean } }>("evaluate", out, ...faces);
    expect(printed.err).not.toContain("was trained on");
    expect(json.calibration.fittedHere).toBe(true);
  });

  test("splits that a member's training cut are cut again, and those of another member are told", async () => {
    for (const name of ["angry", "happy", "sad"])
      cpSync(at("faces", "validation", name), at("flat", name), { recursive: true });
    const flat = await readDataset([at("flat")]);
    const models = [1, 2].map((seed) => {
      const cut = { from: flat.fingerprint, seed, validation: 0.25 };
      const dataFingerprint = cutPictures(flat, cut, new Map()).fingerprint;
      return write(memberOf(`cut-${seed}`, {}), { cut, dataFingerprint });
    });
    const out = at("cut.onnx");
    await ensemble({ models: [paths[1] as string, ...models], out });
    const json = await printedJson<{ n: number; split: string }>("evaluate", out, at("flat"));
    expect(json).toMatchObject({ n: 9, split: "validation" });
    expect(printed.err).toMatch(/its member cut-2\) was trained on this data with other splits/);
    expect(printed.err).not.toMatch(/its member cut-1\) was trained/);
  });
});

describe("what is refused", () => {
  const out = ["--out", at("refused.onnx")];
  const [grey = "", coloured = ""] = paths;

  test.each([
    ["one model", () => [grey, ...out], /needs at least two models, got 1/],
    ["a model twice", () => [grey, coloured, grey, ...out], /grey\.onnx is named twice.*--weights/],
    [
      "models of other classes",
      () => [grey, at("other.onnx"), ...out],
      /has the classes angry, happy, sad; .*calm/,
    ],
    ["too few weights", () => [grey, coloured, ...out, "--weights", "1"], /1 weights for 2 models/],
    ["a negative weight", () => [grey, coloured, ...out, "--weights", "1,-1"], /0 or more for each model/],
    ["weights that are none", () => [grey, coloured, ...out, "--weights", "much,little"], /0 or more/],
    ["nothing but zeros", () => [grey, coloured, ...out, "--weights", "0,0"], /at least two must be above 0/],
    ["one weight alone", () => [grey, coloured, ...out, "--weights", "1,0"], /use .*grey\.onnx alone/],
    [
      "weights beside a fit",
      () => [grey, coloured, ...out, "--weights", "1,1", "--fit", at("faces")],
      /cannot be combined/,
    ],
    ["no .onnx file", () => [grey, coloured, "--out", at("refused.pth")], /ends in \.onnx/],
    ["a folder", () => [grey, coloured, "--out", at("folder.onnx")], /is a folder/],
    ["a member's own file", () => [grey, coloured, "--out", grey], /is one of the members/],
    [
      "a card over another file",
      () => [grey, coloured, "--out", at("notes.onnx")],
      /notes\.md.* is not a model card/,
    ],
    ["a missing model", () => [grey, at("missing.onnx"), ...out], /missing\.onnx does not exist/],
  ])("%s", async (_, args, message) => {
    write(memberOf("other", { classes: ["angry", "happy", "calm"] }));
    mkdirSync(at("folder.onnx"), { recursive: true });
    writeFileSync(at("notes.md"), "mine");
    const before = readFileSync(grey);
    expect(await run(["ensemble", ...args()])).toBe(2);
    expect(printed.err).toMatch(message);
    expect(existsSync(at("refused.onnx"))).toBe(false);
    expect(readFileSync(at("notes.md"), "utf8")).toBe("mine");
    expect(readFileSync(grey).equals(before)).toBe(true);
  });

  test.each([
    ["a damaged member", () => [grey, at("damaged.onnx"), ...out], /damaged\.onnx is not an ONNX model/],
    [
      "a member with weights that are not numbers",
      () => [grey, at("nan.onnx"), ...out],
      /nan\.onnx: .* not a number/,
    ],
    ["a place that is no folder", () => [grey, coloured, "--out", join(grey, "x.onnx")], /cannot be written/],
  ])("%s, which is a failure", async (_, args, message) => {
    writeFileSync(at("damaged.onnx"), readFileSync(coloured).subarray(0, 5000));
    const broken = memberOf("nan", {});
    broken.weights.get("head.fc.bias")?.data.fill(Number.NaN);
    write(broken);
    expect(await run(["ensemble", ...args()])).toBe(1);
    expect(printed.err).toMatch(message);
    expect(existsSync(at("refused.onnx"))).toBe(false);
  });

  test("a fit without images", async () => {
    await expect(ensemble({ models: paths, out: at("refused.onnx"), weights: "fit" })).rejects.toThrow(
      /fitted on labelled images/,
    );
  });

  test("what needs one network, with the members' names", async () => {
    const refusal = /all\.onnx is an ensemble of grey, coloured, larger: .*use one of its members/;
    expect(() => loadClassifier(written)).toThrow(refusal);
    const { architecture } = members[0] as Member;
    expect(() => loadWeights(written, architecture, describeModel(architecture))).toThrow(refusal);
    expect(loadMembers(written).members).toHaveLength(3);
    for (const args of [
      ["export", written, "--out", at("exported")],
      ["train", at("faces"), "--model", "vultus_s", "--weights", written, "--out", at("run")],
    ]) {
      capture();
      expect(await run(args), args.join(" ")).toBe(2);
      expect(printed.err).toMatch(refusal);
    }
    expect(existsSync(at("exported"))).toBe(false);
  });

  test("a file whose list of members is damaged", () => {
    const bytes = Buffer.from(readFileSync(written));
    const from = bytes.indexOf('"name":"coloured"');
    bytes.write('"nome"', from);
    writeFileSync(at("list.onnx"), bytes);
    expect(() => loadMembers(at("list.onnx"))).toThrow(/its description of the classifier is damaged/);
  });
});
