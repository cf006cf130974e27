/** `vultus export --to web`: the page with the user's own model, below any path of the simplest static host. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { readDataset } from "../src/data/read.node.ts";
import { cutSplits } from "../src/data/split.ts";
import type { PageModels } from "../src/export/page-models.ts";
import { writeSite } from "../src/export/site.node.ts";
import { exportModel } from "../src/jobs/export.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { drawnFaces } from "./support/composites.ts";
import { memberOf, writeEnsembleFile } from "./support/ensemble.ts";
import { encoded, twoFaces } from "./support/photos.ts";
import { capture, printed, printedJson } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";
import { serveFolder } from "./support/static-server.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-site-"));
const at = (...parts: string[]): string => join(folder, ...parts);
/** Images for checking; the default of a thousand drawn faces takes long. */
const data = at("data");
/** A run in the form that `classifierPath` finds. */
const runFolder = at("runs", "happy or not");
const site = at("site");

beforeAll(async () => {
  mkdirSync(runFolder, { recursive: true });
  writeClassifier(join(runFolder, "best.safetensors"), smallArchitecture("happy", "not happy"));
  await encoded(twoFaces()).jpeg({ quality: 95 }).toFile(at("two.jpg"));
  for (const [i, drawn] of drawnFaces(8).entries()) {
    const label = join(data, i % 2 === 0 ? "happy" : "not happy");
    mkdirSync(label, { recursive: true });
    await encoded(drawn)
      .png()
      .toFile(join(label, `${i}.png`));
  }
});
beforeEach(capture);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("is scored like the other formats: on the images that an interrupted run held out", async () => {
  const images = at("held-out", "images");
  for (const [i, drawn] of drawnFaces(8).entries()) {
    const label = join(images, i % 2 === 0 ? "happy" : "sad");
    mkdirSync(label, { recursive: true });
    await encoded(drawn)
      .png()
      .toFile(join(label, `${i}.png`));
  }
  const dataset = await readDataset([images]);
  const shares = { seed: 0, validation: 0.25 };
  const interrupted = at("held-out", "run");
  mkdirSync(interrupted);
  writeClassifier(join(interrupted, "best.safetensors"), smallArchitecture("happy", "sad"));
  const environment = {
    ...{ vultus: "0.1.0", node: "v20", onnxruntime: "1.30.0", cpu: "", threads: 1, device: "cpu" },
    ...{ precision: "fp32", cacheFeatures: true, views: 4, memoryGB: 1, teachers: [], teacherDigests: [] },
    ...{ pixels: "", weights: "", request: {}, started: "2026-12-01T00:00:00.000Z", data: [images] },
    fingerprint: cutSplits(dataset, shares).fingerprint,
    cut: { from: dataset.fingerprint, ...shares },
  };
  writeFileSync(join(interrupted, "environment.json"), JSON.stringify(environment));
  writeFileSync(join(interrupted, "recipe.json"), "{}");
  const { files } = await exportModel({
    ...{ model: interrupted, to: ["safetensors", "web"], out: at("held-out", "out"), device: "cpu" },
  });
  expect(files.map(({ form, pictures }) => [form, pictures])).toEqual([
    ["safetensors", 2],
    ["web", 2],
  ]);
});

const filesOf = (path: string): string[] => readdirSync(path, { recursive: true, encoding: "utf8" });
const listOf = (path: string): PageModels =>
  JSON.parse(readFileSync(join(path, "models.json"), "utf8")) as PageModels;

test("writes a folder that has everything, and nothing of other models", async () => {
  expect(await run(["export", runFolder, "--to", "web", "--out", site, "--data", data]), printed.err).toBe(0);
  expect(printed.out).toContain(`python3 -m http.server --directory ${site}`);
  const files = filesOf(site);
  expect(files).toEqual(
    expect.arrayContaining([
      "index.html",
      "sw.js",
      "vultus-element.js",
      "models.json",
      "models/happy_or_not.onnx",
      "faces/face_detector.onnx",
      "faces/eyes.onnx",
      "_headers",
      ".nojekyll",
    ]),
  );
  expect(files.filter((name) => /\.onnx$|watch/.test(name))).toHaveLength(3);
  expect(listOf(site)).toEqual({
    models: [
      {
        name: "happy or not",
        file: "models/happy_or_not.onnx",
        bytes: readFileSync(join(site, "models/happy_or_not.onnx")).length,
      },
    ],
  });
  // Every address in it is relative: with an absolute one it could not be moved.
  expect(readFileSync(join(site, "index.html"), "utf8")).not.toMatch(/(src|href)="\//);
});

test("the model in it answers as the run does, and --json tells of it", async () => {
  const out = at("again");
  expect(await printedJson("export", runFolder, "--to", "web", "--out", out, "--data", data)).toMatchObject({
    files: [{ form: "web", path: out, maxProbabilityDifference: 0, top1Agreement: 1, pictures: 4 }],
  });
  const [ours, theirs] = [await loadModel(join(out, "models/happy_or_not.onnx")), await loadModel(runFolder)];
  expect((await predict(ours, at("two.jpg"))).faces).toEqual((await predict(theirs, at("two.jpg"))).faces);
  await ours.close();
  await theirs.close();
});

test("another export takes its place, and files of other people are left alone", async () => {
  writeFileSync(join(site, "CNAME"), "faces.example");
  writeFileSync(join(site, "assets", "photo.jpg"), "of a person");
  writeFileSync(join(site, "models", "own.onnx"), "of a person");
  const { files } = await exportModel({ model: "vultus_s", to: "web", out: site, onEvent: () => {} });
  expect(files.map(({ form, path }) => [form, path])).toEqual([["web", site]]);
  expect(listOf(site).models.map(({ name }) => name)).toEqual(["vultus_s"]);
  expect(readdirSync(join(site, "models")).sort()).toEqual(["own.onnx", "vultus_s.onnx"]);
  expect(existsSync(join(site, "CNAME"))).toBe(true);
  expect(readFileSync(join(site, "assets", "photo.jpg"), "utf8")).toBe("of a person");
  expect(readdirSync(site).filter((name) => name.startsWith(".vultus"))).toEqual([]);
});

describe("a folder that holds something else is left as it is:", () => {
  const contentsOf = (path: string): Record<string, string> =>
    Object.fromEntries(
      readdirSync(path, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => [
          join(parentPath, name),
          readFileSync(join(parentPath, name), "latin1"),
        ]),
    );
  const model = { name: "own", bytes: Buffer.from("a model") };
  const built = at("built");
  const build = (files: Readonly<Record<string, string>>): void => {
    rmSync(built, { recursive: true, force: true });
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(built, path)), { recursive: true });
      writeFileSync(join(built, path), content);
    }
  };
  const first = { "index.html": "one", "assets/main-1.js": "1", "faces/eyes.onnx": "eyes" };
  const second = { "index.html": "two", "assets/main-2.js": "2", "faces/eyes.onnx": "eyes" };

  test.each([
    ["a project of another page", { "assets/photo.jpg": "", "index.html": "mine" }],
    ["a project with a models.json", { "models.json": '{"models":[]}', "assets/a.jpg": "", "models/b": "" }],
    ["a list of files that leads out", { "vultus-site.json": '{"files":{"../secret":"0"}}' }],
    ["a list that is damaged", { "vultus-site.json": "[]", "index.html": "mine" }],
  ])("%s", async (name, files) => {
    const mine = at(name);
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(mine, path)), { recursive: true });
      writeFileSync(join(mine, path), content);
    }
    const before = contentsOf(mine);
    expect(await run(["export", "vultus_s", "--to", "web", "--out", mine])).toBe(2);
    expect(printed.err).toContain("give an empty or new folder with --out");
    expect(contentsOf(mine)).toEqual(before);
  });

  test("a file that was changed since its export, or that another put there", () => {
    const out = at("changed");
    build(first);
    writeSite(out, model, built);
    writeFileSync(join(out, "index.html"), "one, changed by a person");
    mkdirSync(join(out, "assets"), { recursive: true });
    writeFileSync(join(out, "assets", "main-2.js"), "of a person");
    const before = contentsOf(out);
    build(second);
    expect(() => writeSite(out, model, built)).toThrow(
      /did not write or that have changed since: index.html, assets\/main-2.js. Move them away/,
    );
    expect(contentsOf(out)).toEqual(before);
  });

  test("an old page, if the new one cannot be written whole", () => {
    const out = at("failing");
    build(first);
    writeSite(out, model, built);
    const before = contentsOf(out);
    build(second);
    expect(() => writeSite(out, { ...model, name: "n".repeat(252) }, built)).toThrow(/name too long/);
    expect(contentsOf(out)).toEqual(before);
    writeSite(out, model, built);
    expect(readdirSync(join(out, "assets"))).toEqual(["main-2.js"]);
  });
});

test("an ensemble and an int8 or half-precision export are put into a page as they are", async () => {
  const twoClasses = { classes: ["happy", "not happy"] };
  const members = [
    memberOf("first", twoClasses, { weight: 0.5 }),
    memberOf("second", twoClasses, { weight: 0.5 }),
  ];
  await writeEnsembleFile(at("both.onnx"), members);
  expect(
    await run(["export", at("both.onnx"), "--to", "web", "--out", at("both"), "--data", data]),
    printed.err,
  ).toBe(0);
  expect(readFileSync(at("both", "models", "both.onnx"))).toEqual(readFileSync(at("both.onnx")));
  // A format for PyTorch requires a single network, and still reports that.
  expect(await run(["export", at("both.onnx"), "--to", "web,pth", "--out", at("no")])).toBe(2);
  expect(printed.err).toContain("is an ensemble of");

  expect(
    await run(["export", runFolder, "--to", "fp16,web", "--out", at("forms"), "--data", data]),
    printed.err,
  ).toBe(0);
  expect(filesOf(at("forms"))).toEqual(expect.arrayContaining(["model-fp16.onnx", "web/index.html"]));
  expect(
    await run(["export", at("forms", "model-fp16.onnx"), "--to", "web", "--out", at("half"), "--data", data]),
  ).toBe(0);
  expect(readFileSync(at("half", "models", "model-fp16.onnx"))).toEqual(
    readFileSync(at("forms", "model-fp16.onnx")),
  );
});

test("a licence cannot be written into a model that is copied", async () => {
  expect(await run(["export", runFolder, "--to", "web", "--license", "MIT", "--out", at("no")])).toBe(2);
  expect(printed.err).toContain("export with --to bundle --license …, then export that file with --to web");
  expect(existsSync(at("no"))).toBe(false);
});

describe.skipIf(chromiumPath === undefined)("in Chromium (skipped if there is none)", () => {
  test("the page shows the model, its name and its classes, and asks no other host", {
    timeout: 300_000,
  }, async () => {
    const own = at("own");
    expect(await run(["export", runFolder, "--to", "web", "--out", own, "--data", data]), printed.err).toBe(
      0,
    );
    const server = await serveFolder(own, { path: "/user/project/" });
    const browser = await startChromium();
    try {
      const page = await browser.newPage();
      page.setDefaultTimeout(240_000);
      const requests: { url: string; byPage: boolean }[] = [];
      const failures: string[] = [];
      page.context().on("request", (request) => {
        if (!/^(blob|data):/.test(request.url()))
          requests.push({ url: request.url(), byPage: request.serviceWorker() === null });
      });
      page.on("pageerror", (error) => failures.push(error.message));
      page.on("console", (message) => {
        if (message.type() === "error") failures.push(message.text());
      });
      await page.goto(server.address);
      const chip = page.locator(".model-chip");
      await chip.waitFor();
      expect(await chip.textContent()).toBe("happy or not2 expressions, 32 px");
      expect(await page.locator(".model-state").textContent()).toContain("one thread; reload the page");
      await page.locator("main input[type=file]").setInputFiles(at("two.jpg"));
      await page.locator(".card .bars").first().waitFor();
      const classes = await page.locator(".card .bars").first().locator("dt").allTextContents();
      expect(classes).toEqual(["happy", "not happy"]);
      const model = `${server.address}models/happy_or_not.onnx`;
      expect(requests.filter(({ url, byPage }) => url === model && byPage)).toHaveLength(1);
      expect(requests.filter(({ url }) => !url.startsWith(server.address))).toEqual([]);
      expect(failures).toEqual([]);
    } finally {
      await browser.close();
      server.close();
    }
  });
});
