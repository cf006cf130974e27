/** The class prior, from training through every file format to every result: recorded, shifted, stated. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { type BundleOutputs, inMemory, runBundle } from "../src/evaluate/run-bundle.ts";
import type { PageModels } from "../src/export/page-models.ts";
import type { ModelEvaluation } from "../src/jobs/evaluate.ts";
import type { ExplainResult } from "../src/jobs/explain.ts";
import { ensemble, evaluate, exportModel } from "../src/jobs/on-demand.ts";
import { softmaxRows } from "../src/metrics/softmax.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { loadModel as loadWebModel } from "../src/predict/model.web.ts";
import type { Prediction } from "../src/predict/prediction.ts";
import { withPrior } from "../src/program/bundle-prior.ts";
import type { Bundle } from "../src/program/decode-bundle.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { type Answer, answerSchema, modelSchema, problemSchema } from "../src/server/schemas.ts";
import { priorsIn, temperatureOf } from "../src/weights/classifier-file.ts";
import { engine } from "./support/ensemble.ts";
import { encoded } from "./support/photos.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { startService } from "./support/service.ts";
import { smallArchitecture, writeSmallBundle } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-prior-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const device = ["--device", "cpu", "--threads", "2"];
const quiet = { device: "cpu", threads: 2 } as const;
/** Number of training images per class; a fifth of them is in the wrong folder, so that no model can be certain. */
const counts = { happy: 30, sad: 10 } as const;
const trained = [0.75, 0.25];
const pictures = Array.from({ length: 12 }, (_, i) => drawFace(i % 2 ? "happy" : "sad", "prior seen", i));

async function train(out: string, ...more: string[]): Promise<void> {
  const args = ["train", at("faces"), "--model", "vultus_s", "--recipe", "scratch", "--input-size", "32"];
  const set = ["--batch-size", "8", "--set", "phases.all.epochs=3", "--out", at(out), ...more];
  expect(await run([...args, ...set, ...device]), printed.err).toBe(0);
}

beforeEach(capture);
beforeAll(async () => {
  const restore = capture();
  for (const [label, count] of Object.entries(counts)) {
    for (const split of ["train", "validation"]) {
      mkdirSync(at("faces", split, label), { recursive: true });
      for (let i = 0; i < count; i++) {
        const drawn = i % 5 === 0 ? (label === "happy" ? "sad" : "happy") : (label as keyof typeof counts);
        await encoded(drawFace(drawn, split, label, i))
          .png()
          .toFile(at("faces", split, label, `${i}.png`));
      }
    }
  }
  await train("run");
  await exportModel({
    ...{ model: at("run"), to: ["bundle", "fp16", "int8", "safetensors", "pth"], out: at("plain") },
    ...quiet,
  });
  await exportModel({
    ...{ model: at("run"), to: ["bundle", "fp16", "int8", "safetensors", "pth"], out: at("half") },
    ...{ prior: "uniform:0.5", ...quiet },
  });
  writeSmallBundle(at("older.onnx"), smallArchitecture("happy", "sad"));
  restore();
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function answersOf(bundle: Bundle): Promise<BundleOutputs> {
  const open = await engine.open(bundle.program);
  try {
    return await runBundle(open, bundle, inMemory(pictures));
  } finally {
    await open.release();
  }
}

/** Bayes' rule applied to the odds of each row. */
function shifted(rows: Float32Array, from: readonly number[], to: readonly number[]): number[] {
  const out: number[] = [];
  for (let i = 0; i < rows.length; i += 2) {
    const odds = ((rows[i] as number) / (rows[i + 1] as number)) * ((to[0] as number) / (from[0] as number));
    const other = (odds * (from[1] as number)) / (to[1] as number);
    out.push(other / (1 + other), 1 / (1 + other));
  }
  return out;
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (value, i) => Math.abs(value - (b[i] as number))));
}

const roots = trained.map(Math.sqrt);
const half = roots.map((root) => root / ((roots[0] as number) + (roots[1] as number)));

function expectPrior(found: readonly number[] | undefined, wanted: readonly number[] | undefined): void {
  if (!wanted) expect(found).toBeUndefined();
  else expect(distance(found ?? [], wanted)).toBeLessThan(1e-9);
}

describe("a file", () => {
  test("of a training records the prior of its images, and no other", () => {
    const { trainedPrior, prior } = priorsIn(loadBundle(at("run")).metadata, "run");
    expectPrior(trainedPrior, trained);
    expectPrior(prior, undefined);
  });

  test.each(["model.onnx", "model-fp16.onnx", "model-int8.onnx", "model.safetensors", "model.pth"])(
    "%s answers for the prior that it was exported with, and knows the trained one",
    async (name) => {
      const [plain, other] = [loadBundle(at("plain", name)), loadBundle(at("half", name))];
      expectPrior(priorsIn(plain.metadata, name).prior, undefined);
      const { trainedPrior, prior } = priorsIn(other.metadata, name);
      expectPrior(trainedPrior, trained);
      expectPrior(prior, half);
      const [own, moved] = [await answersOf(plain), await answersOf(other)];
      expect(distance(own.probabilities, moved.probabilities)).toBeGreaterThan(0.02);
      expect(distance(moved.probabilities, shifted(own.probabilities, trained, half))).toBeLessThan(2e-5);
      const temperature = temperatureOf(other.metadata, name);
      expect(distance(softmaxRows(moved.logits, 2, temperature), moved.probabilities)).toBeLessThan(1e-5);
      // Back to the trained prior, and on to a third one, whatever the prior of the exported file.
      const back = await answersOf(withPrior(other, "trained"));
      expect(distance(back.probabilities, own.probabilities)).toBeLessThan(2e-5);
      expect(distance(softmaxRows(back.logits, 2, temperature), back.probabilities)).toBeLessThan(1e-5);
      const third = [
        await answersOf(withPrior(plain, "happy=0.1")),
        await answersOf(withPrior(other, "happy=0.1")),
      ];
      expect(distance(third[0]?.probabilities ?? [], third[1]?.probabilities ?? [])).toBeLessThan(2e-5);
    },
  );

  test("exported again keeps its prior, unless another is asked for", async () => {
    const model = at("half", "model.safetensors");
    const priorOf = async (out: string, prior?: string): Promise<readonly number[] | undefined> => {
      await exportModel({ model, out: at(out), data: at("faces"), ...(prior && { prior }), ...quiet });
      return priorsIn(loadBundle(at(out, "model.onnx")).metadata, out).prior;
    };
    expectPrior(await priorOf("again"), half);
    expectPrior(await priorOf("back", "trained"), undefined);
    expectPrior(await priorOf("uniform", "uniform"), [0.5, 0.5]);
  });

  test("of an older version is given its trained prior once", async () => {
    const options = { model: at("older.onnx"), data: at("faces"), ...quiet };
    await expect(exportModel({ ...options, prior: "uniform" })).rejects.toThrow(
      "does not record the class prior that it was trained for",
    );
    const told = { ...options, trainedPrior: { happy: 0.6, sad: 0.4 }, out: at("told") };
    await exportModel({ ...told, prior: "uniform" });
    const { trainedPrior, prior } = priorsIn(loadBundle(at("told", "model.onnx")).metadata, "told");
    expectPrior(trainedPrior, [0.6, 0.4]);
    expectPrior(prior, [0.5, 0.5]);
    await expect(exportModel({ ...told, model: at("told", "model.onnx") })).rejects.toThrow(
      "records the class prior that it was trained for (happy 0.600, sad 0.400)",
    );
  });

  test("that a page gets is copied as it is, and models.json has the prior", async () => {
    const site = { model: at("run"), to: "web", out: at("site"), data: at("faces"), ...quiet } as const;
    const models = (): PageModels =>
      JSON.parse(readFileSync(at("site", "models.json"), "utf8")) as PageModels;
    const [shiftedFile] = (await exportModel({ ...site, prior: "uniform" })).files;
    expect(models().models[0]?.prior).toEqual({ happy: 0.5, sad: 0.5 });
    expect(readFileSync(at("site", "models", "run.onnx"))).toEqual(readFileSync(at("run", "best.onnx")));
    // The reported numbers match the page's results.
    const found = await evaluate({
      model: at("run"),
      data: at("faces"),
      prior: "uniform",
      leaks: false,
      ...quiet,
    });
    expect(shiftedFile?.accuracy).toBeCloseTo(found.accuracy, 12);
    await exportModel({ ...site, model: at("half", "model.onnx"), prior: "trained" });
    const back = models().models[0]?.prior as Record<string, number>;
    expect(distance(Object.values(back), trained)).toBeLessThan(1e-9);
    await expect(exportModel({ ...site, prior: "hapy=0.3" })).rejects.toThrow('Did you mean "happy"?');
    await expect(exportModel({ ...site, trainedPrior: "happy=0.5,sad=0.5" })).rejects.toThrow(
      "the web format copies the model unchanged, so `trainedPrior` cannot be written into it",
    );
  });
});

test("logit adjustment, a weighted sampler and class weights change the trained prior", async () => {
  const priorOf = async (out: string, ...set: string[]): Promise<readonly number[] | undefined> => {
    await train(out, "--set", "phases.all.epochs=1", ...set.flatMap((one) => ["--set", one]));
    return priorsIn(loadBundle(at(out)).metadata, out).trainedPrior;
  };
  expectPrior(await priorOf("adjusted", 'loss={"type":"crossEntropy","logitAdjustment":0.5}'), half);
  expectPrior(await priorOf("sampled", "sampler=weighted"), [0.5, 0.5]);
  expectPrior(await priorOf("weighted", "classWeights=balanced"), [0.5, 0.5]);
}, 60_000);

test("an ensemble has the mean prior of its members, and none if one lacks it", async () => {
  const members = [at("plain", "model.onnx"), at("half", "model.onnx")];
  await ensemble({ models: members, out: at("both.onnx"), weights: [0.25, 0.75], ...quiet });
  const both = loadBundle(at("both.onnx"));
  const { trainedPrior, prior } = priorsIn(both.metadata, "both");
  expectPrior(trainedPrior, trained);
  expectPrior(
    prior,
    trained.map((share, k) => 0.25 * share + 0.75 * (half[k] as number)),
  );
  const [first, second] = await Promise.all(members.map((path) => answersOf(loadBundle(path))));
  const mean = first?.probabilities.map((p, i) => 0.25 * p + 0.75 * (second?.probabilities[i] as number));
  expect(distance((await answersOf(both)).probabilities, mean ?? [])).toBeLessThan(1e-5);
  await ensemble({ models: [members[0] as string, at("older.onnx")], out: at("older-both.onnx"), ...quiet });
  expect(priorsIn(loadBundle(at("older-both.onnx")).metadata, "older")).toEqual({});
});

describe("a model card", () => {
  const card = (...path: string[]): string => readFileSync(at(...path), "utf8");
  const own = "The model was trained for the class prior happy 0.750, sad 0.250";

  test("of a run states the trained prior, and what shifts it, and so does the report", () => {
    for (const name of ["model-card.md", "report.html"]) {
      expect(card("run", name)).toContain(own);
      expect(card("run", name)).toContain("Its probabilities are for these shares.");
      expect(card("run", name)).toContain("--prior uniform");
    }
  });

  test("of an export states the prior that it was exported with, and that scores are of the other", () => {
    expect(card("plain", "model-card.md")).toBe(card("run", "model-card.md"));
    const shown = card("half", "model-card.md");
    expect(shown).toContain(own);
    expect(shown).toContain(
      "exported for another prior: its probabilities are for happy 0.634, sad 0.366. The scores in this card were measured with the trained prior.",
    );
    expect(shown).not.toContain("for these shares");
  });

  test("of an ensemble states its own", () => {
    expect(card("both.md")).toContain(own);
    expect(card("both.md")).toContain("exported for another prior");
    expect(card("older-both.md")).toContain("does not record the class prior");
  });

  test("replaces no file that is none", async () => {
    mkdirSync(at("mine"));
    writeFileSync(at("mine", "model-card.md"), "mine");
    await expect(exportModel({ model: at("run"), out: at("mine"), ...quiet })).rejects.toThrow(
      "already exists and is not a model card",
    );
    expect(readdirSync(at("mine"))).toEqual(["model-card.md"]);
    expect(card("mine", "model-card.md")).toBe("mine");
  });
});

const bundle = () => at("plain", "model.onnx");
const image = () => at("faces", "validation", "sad", "1.png");

describe("answers", () => {
  const rowOf = (prediction: Prediction | undefined): number[] =>
    Object.values(prediction?.faces[0]?.probabilities ?? {});

  test("of the library, by loading and by call, and of a browser are shifted and state their prior", async () => {
    await using plain = await loadModel(bundle(), { detector: false, ...quiet });
    await using uniform = await loadModel(bundle(), { detector: false, prior: "uniform", ...quiet });
    const own = await predict(plain, image());
    expect(own.prior).toBeUndefined();
    const wanted = shifted(Float32Array.from(rowOf(own)), trained, [0.5, 0.5]);
    const byCall = await predict(plain, image(), { prior: { happy: 0.5 } });
    for (const found of [await predict(uniform, image()), byCall]) {
      expect(found.prior).toEqual({ happy: 0.5, sad: 0.5 });
      expect(distance(rowOf(found), wanted)).toBeLessThan(1e-6);
    }
    expect(rowOf(await predict(uniform, image(), { prior: "trained" }))).toEqual(rowOf(own));
    await expect(predict(plain, image(), { prior: "hapy=0.3" })).rejects.toThrow('Did you mean "happy"?');

    const bytes = new Uint8Array(readFileSync(bundle()));
    await using web = await loadWebModel({ model: bytes, prior: "uniform", device: "cpu", threads: 1 });
    const answered = await runBundle(web.classifier.open, web.classifier.bundle, inMemory(pictures));
    const node = await answersOf(withPrior(loadBundle(bundle()), "uniform"));
    expect(distance(answered.probabilities, node.probabilities)).toBeLessThan(1e-5);
    await expect(loadWebModel({ model: bytes, prior: "much", device: "cpu" })).rejects.toThrow(
      "expected trained",
    );
  });

  test("of the commands", async () => {
    const ask = (...more: string[]) =>
      printedJson<Prediction[]>("predict", image(), "--model", bundle(), "--no-detect", ...device, ...more);
    const [own] = await ask();
    const [found] = await ask("--prior", "uniform");
    expect(found?.prior).toEqual({ happy: 0.5, sad: 0.5 });
    const wanted = shifted(Float32Array.from(rowOf(own)), trained, [0.5, 0.5]);
    expect(distance(rowOf(found), wanted)).toBeLessThan(1e-6);
    const asked = [
      "explain",
      image(),
      "--model",
      bundle(),
      "--no-detect",
      ...device,
      "--out",
      at("explained"),
    ];
    const explained = await printedJson<ExplainResult>(...asked, "--prior", "uniform");
    expect(explained.prior).toEqual({ happy: 0.5, sad: 0.5 });
    const probabilities = Object.values(explained.photos[0]?.faces[0]?.probabilities ?? {});
    expect(distance(probabilities, wanted)).toBeLessThan(1e-4);
  });

  test("of a file that is continued must be for one prior", async () => {
    const out = at("rows.jsonl");
    const args = ["predict", "--model", bundle(), "--no-detect", ...device, "--out", out];
    const photo = (i: number): string => at("faces", "validation", "sad", `${i}.png`);
    const ask = (count: number, ...more: string[]): Promise<number> =>
      run([...args, ...Array.from({ length: count }, (_, i) => photo(i)), "--resume", ...more]);
    expect(await ask(1, "--prior", "uniform:0.5")).toBe(0);
    const before = readFileSync(out, "utf8");
    expect(await ask(2)).toBe(2);
    expect(printed.err).toContain(
      "line 1 was written for the class prior happy 0.634, sad 0.366, but this run uses the trained class prior; " +
        "continue it with --prior happy=0.634,sad=0.366, or give another name for --out",
    );
    expect(await ask(2, "--prior", "uniform")).toBe(2);
    expect(readFileSync(out, "utf8")).toBe(before);
    // With the prior that the error advises, and with the original one.
    expect(await ask(2, "--prior", "happy=0.634,sad=0.366"), printed.err).toBe(0);
    expect(await ask(3, "--prior", "uniform:0.5"), printed.err).toBe(0);
    expect(readFileSync(out, "utf8").trim().split("\n")).toHaveLength(3);
    rmSync(out);
    expect(await ask(1)).toBe(0);
    expect(await ask(2, "--prior", "uniform")).toBe(2);
    expect(printed.err).toContain("continue it with --prior trained, or give another name for --out");
    expect(await ask(2, "--prior", "trained")).toBe(0);
  });

  test("of an evaluation are judged after the shift, as those of a file with that prior", async () => {
    const options = { data: at("faces"), leaks: false, predictions: true, ...quiet };
    const own = await evaluate({ ...options, model: bundle() });
    expect(own.prior).toBeUndefined();
    const asked = await evaluate({ ...options, model: bundle(), prior: "uniform:0.5" });
    const baked = await evaluate({ ...options, model: at("half", "model.onnx") });
    expect(asked.prior).toEqual({ happy: 0.634, sad: 0.366 });
    expect(baked.prior).toEqual(asked.prior);
    for (const name of ["accuracy", "balancedAccuracy", "nll", "brier", "ece"] as const)
      expect(baked[name]).toBeCloseTo(asked[name], 4);
    expect(asked.nll).not.toBeCloseTo(own.nll, 3);
    expect(distance([baked.calibration.eceModel], [asked.calibration.eceModel])).toBeLessThan(1e-4);
    // More of the rare class is found, whatever the cost.
    const recall = ({ perClass }: ModelEvaluation): number => perClass.sad?.recall as number;
    const uniform = await evaluate({ ...options, model: bundle(), prior: "sad=0.95" });
    expect(recall(uniform)).toBeGreaterThan(recall(own));
    expect(await run(["evaluate", bundle(), at("faces"), "--prior", "uniform", ...device])).toBe(0);
    expect(printed.err).toContain(
      "are for the class prior happy 0.500, sad 0.500; it was trained for happy 0.750, sad 0.250",
    );
  });

  test("of a comparison are shifted on both sides", async () => {
    const args = ["compare", bundle(), at("half", "model.onnx"), at("faces"), ...device];
    const compared = await printedJson<{ onlyA: number; onlyB: number }>(...args, "--prior", "sad=0.6");
    expect([compared.onlyA, compared.onlyB]).toEqual([0, 0]);
    expect(printed.err.match(/happy 0\.400, sad 0\.600/g)).toHaveLength(2);
  });
});

test.each([
  [
    ["evaluate", "older", "faces", "--prior", "uniform"],
    "does not record the class prior that it was trained for",
  ],
  [["predict", "image", "--model", "older", "--prior", "uniform:0.5"], "export it once with --trained-prior"],
  [
    ["predict", "image", "--model", "bundle", "--prior", "hapy=0.3"],
    'no class "hapy". Did you mean "happy"?',
  ],
  [["explain", "image", "--model", "bundle", "--prior", "happy=2"], "must be a number above 0 and below 1"],
  [
    ["compare", "bundle", "older", "faces", "--prior", "uniform"],
    "older.onnx does not record the class prior",
  ],
  [["serve", "--model", "older", "--prior", "uniform", "--port", "0"], "does not record the class prior"],
  [["export", "bundle", "--trained-prior", "happy=0.5,sad=0.5"], "leave out --trained-prior"],
])("%j is refused", async (args, message) => {
  const paths: Record<string, string> = {
    older: at("older.onnx"),
    bundle: bundle(),
    image: image(),
    faces: at("faces"),
  };
  expect(await run(args.map((word) => paths[word] ?? word))).toBe(2);
  expect(printed.err).toContain(message);
});

test("without a recorded prior, trained is what the file answers", async () => {
  const own = loadBundle(at("older.onnx"));
  expect(await answersOf(withPrior(own, "trained"))).toEqual(await answersOf(own));
});

describe("the service", () => {
  test("answers for its own prior, or for that of a request", async () => {
    const service = await startService({ model: bundle(), detector: false, prior: "uniform" });
    try {
      const post = async (query: string) =>
        service.app.inject({
          ...{ method: "POST", url: `/v1/predict${query}`, payload: readFileSync(image()) },
          headers: { "content-type": "image/png" },
        });
      const answer = async (query: string): Promise<Answer> => answerSchema.parse((await post(query)).json());
      const row = ({ predictions }: Answer): number[] =>
        Object.values(predictions[0]?.faces[0]?.probabilities ?? {});
      const own = await answer("?prior=trained");
      expect(own.prior).toBeUndefined();
      const usual = await answer("");
      expect(usual.prior).toEqual({ happy: 0.5, sad: 0.5 });
      const rows = Float32Array.from(row(own));
      expect(distance(row(usual), shifted(rows, trained, [0.5, 0.5]))).toBeLessThan(1e-6);
      const asked = await answer("?prior=sad%3D0.9");
      expect(asked.prior).toEqual({ happy: 0.1, sad: 0.9 });
      expect(distance(row(asked), shifted(rows, trained, [0.1, 0.9]))).toBeLessThan(1e-6);
      const refused = await post("?prior=hapy%3D0.3");
      expect(refused.statusCode).toBe(400);
      expect(problemSchema.parse(refused.json()).detail).toContain('no class "hapy". Did you mean "happy"?');
      const told = modelSchema.parse((await service.app.inject("/v1/model")).json());
      expect([told.trainedPrior, told.prior]).toEqual([
        { happy: 0.75, sad: 0.25 },
        { happy: 0.5, sad: 0.5 },
      ]);
      const [onPage] = (await service.app.inject("/models.json")).json<PageModels>().models;
      expect(onPage?.prior).toEqual({ happy: 0.5, sad: 0.5 });
      expect(JSON.stringify((await service.app.inject("/openapi.json")).json())).toContain('"name":"prior"');
    } finally {
      await service.close();
    }
  });

  test("refuses a prior of a request if the model does not record its own", async () => {
    const service = await startService({ model: at("older.onnx"), detector: false });
    try {
      const response = await service.app.inject({
        ...{ method: "POST", url: "/v1/predict?prior=uniform", payload: readFileSync(image()) },
        headers: { "content-type": "image/png" },
      });
      expect(response.statusCode).toBe(400);
      expect(problemSchema.parse(response.json()).detail).toContain("does not record the class prior");
    } finally {
      await service.close();
    }
  });
});
