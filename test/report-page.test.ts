/** The report of a real, small training: its files, written again later, with files missing, and in a browser. */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run as vultus } from "../src/cli/main.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { metricEntries } from "../src/metrics/registry.ts";
import { readRun } from "../src/report/run-record.ts";
import { runPaths } from "../src/train/run-folder.node.ts";
import { chromiumPath, startChromium } from "./support/chromium.ts";
import { runCli } from "./support/kill.ts";
import { capture, printed } from "./support/printed.ts";
import { hasPython, python } from "./support/python.ts";

const reader = fileURLToPath(new URL("reference/tensorboard.py", import.meta.url));
const available = hasPython("struct");
const folder = mkdtempSync(join(tmpdir(), "vultus-report-"));
const data = join(folder, "faces");
const run = join(folder, "run");
const network = ["--weights", "random-frozen", "--device", "cpu", "--threads", "1"];
const training = ["train", data, "--model", "squeezenet1_1", "--recipe", "finetune", ...network].concat([
  "--input-size",
  "32",
  "--batch-size",
  "16",
]);

beforeAll(async () => {
  await writeSyntheticFaces(data, { perClass: 12, validationPerClass: 6, seed: 1 });
  const epochs = ["--set", "phases.0.epochs=1", "--set", "phases.1.epochs=1"];
  const { code, stderr } = await runCli([...training, ...epochs, "--out", run]);
  expect(code, stderr).toBe(0);
  expect(existsSync(join(run, "report.html"))).toBe(true);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface BoardEvent {
  readonly step: number;
  readonly session?: number;
  readonly values: readonly { readonly tag: string; readonly value?: number }[];
}

/** With a reader that shares no code with vultus. */
function tensorBoardEvents(folder: string): BoardEvent[] {
  const files = readdirSync(join(folder, "tensorboard")).map((name) => join(folder, "tensorboard", name));
  const { stdout, stderr, status } = spawnSync(python, [reader, ...files], { encoding: "utf8" });
  expect([status, stderr]).toEqual([0, ""]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as BoardEvent);
}

const read = (file: string): string => readFileSync(file, "utf8");
const report = (): string => read(join(run, "report.html"));

/** A copy of the run, for a test that deletes parts of it. */
function copyOf(name: string): string {
  const copy = join(folder, name);
  cpSync(run, copy, { recursive: true });
  return copy;
}

describe("the files of a run", () => {
  beforeEach(capture);

  test("the report holds what was measured, and names no other place", () => {
    const { evaluation, predictions } = readRun(run);
    const html = report();
    expect(predictions).toHaveLength(36);
    expect(html).toContain(`${((evaluation?.accuracy ?? 0) * 100).toFixed(1)}\u00a0%`);
    expect(html).toContain("selected on validation");
    for (const title of [
      "Training",
      "Base against fine-tuned",
      "Where it goes wrong",
      "Where it looked",
      "Model card",
    ])
      expect(html).toContain(`>${title}</h2>`);
    const addresses = html.match(/https?:\/\/[^"'<\s]+/g) ?? [];
    expect(new Set(addresses)).toEqual(new Set(["http://www.w3.org/2000/svg"]));
    // One per scored image.
    const faces = JSON.parse(/id="faces">(.*?)<\/script>/.exec(html)?.[1] ?? "") as { faces: unknown[][] };
    expect(faces.faces.every((face) => String(face[4]).startsWith("data:image/webp;base64,"))).toBe(true);
  });

  test("charts are there as SVG and PNG", async () => {
    for (const name of ["curves", "confusion", "reliability", "coverage", "baselines"]) {
      expect(read(join(run, `${name}.svg`))).toMatch(/^<svg /);
      const { format, width } = await sharp(join(run, `${name}.png`)).metadata();
      expect([name, format, (width ?? 0) > 300]).toEqual([name, "png", true]);
    }
  });

  test("the model card states the law, and says of what was not measured that it was not", () => {
    const card = read(join(run, "model-card.md"));
    for (const article of ["Article 5(1)(f)", "Annex III, point 1(c)", "Article 50(3)"])
      expect(card).toContain(article);
    expect(card).toMatch(/## Robustness\n\nNot measured/);
    expect(card).toContain("Starting weights: none, all drawn from the seed 0");
    expect(card).toContain(readRun(run).environment?.fingerprint);
    expect(card).toMatch(/\| surprise \| 12 \| 6 \|/);
  });

  test.skipIf(!available)("TensorBoard's file holds the scalars of every epoch and the result", () => {
    const events = tensorBoardEvents(run);
    expect(events.slice(0, 2)).toMatchObject([{ version: "brain.Event:2" }, { session: 1, step: 4 }]);
    const { history, evaluation } = readRun(run);
    // Four batches of 16 from 72 images: an incomplete batch is dropped.
    expect(history.map(({ steps }) => steps)).toEqual([4, 4]);
    const scalars = (tag: string): unknown[] =>
      events.flatMap(({ step, values }) =>
        values
          .filter((value) => value.tag === tag && value.value !== undefined)
          .map(({ value }) => [step, value]),
      );
    const ofHistory = (key: "validationAccuracy" | "trainLoss" | "learningRate"): unknown[] =>
      history.map((epoch, i) => [4 * (i + 1), Math.fround(epoch[key] ?? Number.NaN)]);
    expect(scalars("accuracy/validation")).toEqual(ofHistory("validationAccuracy"));
    expect(scalars("loss/train")).toEqual(ofHistory("trainLoss"));
    expect(scalars("learning_rate")).toEqual(ofHistory("learningRate"));
    expect(scalars("result/accuracy")).toEqual([[8, Math.fround(evaluation?.accuracy ?? 0)]]);
    const results = events.flatMap(({ values }) => values.filter(({ tag }) => tag.startsWith("result/")));
    expect(results.slice(1).map(({ value }) => value)).toEqual(
      metricEntries.map(([name]) => Math.fround(evaluation?.[name] ?? Number.NaN)),
    );
    expect(scalars("result/macro_f1")).toEqual([[8, Math.fround(evaluation?.macroF1 ?? 0)]]);
    const sha256 = createHash("sha256")
      .update(readFileSync(join(run, "confusion.png")))
      .digest("hex");
    expect(events.at(-1)?.values).toEqual(
      expect.arrayContaining([
        { tag: "confusion", image: expect.objectContaining({ sha256 }) },
        { tag: "confusion", plugin: "text", text: expect.stringMatching(/^\| truth, answer \| angry/) },
      ]),
    );
  });

  // Three processes train one after the other.
  test.skipIf(!available)(
    "a killed and resumed run counts on, and voids the steps that it repeats",
    { timeout: 400_000 },
    async () => {
      const resumed = join(folder, "resumed");
      const twice = ["--set", "phases.0.epochs=2", "--set", "phases.1.epochs=2"];
      const begun = await runCli([...training, ...twice, "--out", resumed], {
        folder: resumed,
        moment: "between phases",
      });
      expect(begun.code).toBe("killed");
      for (const round of ["goes on", "has nothing left to train"]) {
        const { code, stderr } = await runCli(["train", data, ...network, "--resume", resumed]);
        expect([round, code, stderr]).toEqual([round, 0, expect.any(String)]);
      }
      expect(readdirSync(join(resumed, "tensorboard"))).toHaveLength(3);
      const accuracies: number[] = [];
      for (const { step, session, values } of tensorBoardEvents(resumed)) {
        // What TensorBoard does at the start of a session.
        if (session !== undefined) accuracies.length = Math.min(accuracies.length, Math.ceil(step / 4) - 1);
        const value = values.find(({ tag }) => tag === "accuracy/validation")?.value;
        if (value !== undefined) expect(accuracies.push(value)).toBe(step / 4);
      }
      const { history } = readRun(resumed);
      expect(history).toHaveLength(4);
      expect(accuracies).toEqual(history.map((epoch) => Math.fround(epoch.validationAccuracy ?? 0)));
    },
  );

  test("vultus report makes the same file again", async () => {
    const before = report();
    rmSync(join(run, "report.html"));
    expect(await vultus(["report", run, "--json", "--device", "cpu", "--threads", "1"])).toBe(0);
    expect((JSON.parse(printed.out) as { files: string[] }).files[0]).toBe(join(run, "report.html"));
    expect(report()).toBe(before);
  });

  test("if the images have moved, the report says where they were, and finds them once given their place", async () => {
    const before = report();
    const moved = join(folder, "moved");
    const out = join(folder, "moved.html");
    renameSync(data, moved);
    try {
      expect(await vultus(["report", run, "--out", out, "--device", "cpu"])).toBe(0);
      expect(printed.err).toContain("Made without images: ");
      expect(read(out)).toContain("Made without images: ");
      expect(read(out)).not.toMatch(/<img|<button|id="faces"/);
      expect(await vultus(["report", run, moved, "--out", out, "--device", "cpu", "--threads", "1"])).toBe(0);
      expect(read(out)).toBe(before);
    } finally {
      renameSync(moved, data);
    }
  });

  test("--no-pictures leaves them out and keeps the numbers", async () => {
    const out = join(folder, "plain.html");
    expect(await vultus(["report", run, "--no-pictures", "--out", out, "--device", "cpu"])).toBe(0);
    expect(read(out)).not.toMatch(/<img|<button/);
    expect(read(out)).toContain('<table class="confusion">');
    expect(statSync(out).size).toBeLessThan(200_000);
  });

  test("a run that was never scored is scored on its images; without them its curves are reported", async () => {
    const unscored = copyOf("unscored");
    for (const name of ["evaluation.json", "predictions.jsonl"]) rmSync(join(unscored, name));
    expect(await vultus(["report", unscored, "--device", "cpu"])).toBe(0);
    expect(read(join(unscored, "report.html"))).toContain("scored again on ");
    expect(read(join(unscored, "report.html"))).toContain("data-cell");
    writeFileSync(
      runPaths(unscored).environment,
      read(runPaths(run).environment).replace(data, join(folder, "gone")),
    );
    expect(await vultus(["report", unscored, "--device", "cpu"])).toBe(0);
    const html = read(join(unscored, "report.html"));
    expect(html).toContain("This run has no score");
    expect(html).toContain(">Training</h2>");
    expect(read(join(unscored, "model-card.md"))).toMatch(/## Metrics\n\nNot measured/);
  });

  test("leaks are told of the data that a run was trained on, and of no other", async () => {
    const unscored = copyOf("leaks");
    for (const name of ["evaluation.json", "predictions.jsonl"]) rmSync(join(unscored, name));
    expect(await vultus(["report", unscored, "--device", "cpu"])).toBe(0);
    const card = (): string => read(join(unscored, "model-card.md"));
    expect(card()).toContain("pixel-identical to a training image");
    // The same images except for one that was trained on: they do not identify what the run saw.
    const list = join(folder, "one.txt");
    const [name] = readdirSync(join(data, "train", "happy")).sort() as [string];
    writeFileSync(list, `train/happy/${name}\n`);
    expect(await vultus(["report", unscored, "--exclude", list, "--device", "cpu"])).toBe(0);
    expect(card()).not.toContain("pixel-identical to a training image");
  });

  test("a run that stopped before its first epoch, and one with damaged files", async () => {
    const stopped = join(folder, "stopped");
    mkdirSync(stopped);
    for (const name of ["recipe.json", "environment.json"]) cpSync(join(run, name), join(stopped, name));
    expect(await vultus(["report", stopped, "--device", "cpu"])).toBe(0);
    expect(read(join(stopped, "report.html"))).toContain("has not finished an epoch");
    writeFileSync(join(stopped, "audit.json"), "{ torn");
    writeFileSync(join(stopped, "evaluation.json"), '{"n": 3}');
    expect(await vultus(["report", stopped, "--device", "cpu"])).toBe(0);
    expect(printed.err).toContain("audit.json is not JSON");
    expect(read(join(stopped, "report.html"))).toMatch(/left out: .*evaluation\.json/);
    expect(await vultus(["report", folder])).toBe(2);
    expect(printed.err).toContain("is not a run folder");
  });

  test("a training whose report cannot be written ends well and reports it", async () => {
    const blocked = copyOf("blocked");
    rmSync(join(blocked, "report.html"));
    mkdirSync(join(blocked, "report.html"));
    const { code, stderr } = await runCli(["train", data, ...network, "--resume", blocked]);
    expect([code, stderr]).toEqual([0, expect.stringContaining("the report was not written: ")]);
    expect(stderr).toMatch(new RegExp(`to try again, use .* report ${blocked}`));
  });
});

describe.skipIf(chromiumPath === undefined)("in Chromium (skipped if there is none)", () => {
  let browser: Browser;
  const asked: string[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  async function open(options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
    const page = await browser.newPage(options);
    page.on("request", (request) => void (request.url().startsWith("data:") || asked.push(request.url())));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(pathToFileURL(join(run, "report.html")).href);
    return page;
  }

  test.each([
    { name: "light", colorScheme: "light", width: 1280 },
    { name: "dark", colorScheme: "dark", width: 1280 },
    { name: "narrow", colorScheme: "light", width: 390 },
  ] as const)("axe finds nothing serious: $name", async ({ colorScheme, width }) => {
    const page = await open({ colorScheme, viewport: { width, height: 800 } });
    await page.locator("[data-cell]").first().click();
    await page.evaluate(axe.source);
    const { violations, passes } = await page.evaluate<axe.AxeResults>("axe.run()");
    expect(passes.length).toBeGreaterThan(20);
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
    const overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
    expect(await page.evaluate(overflow)).toBe(0);
    await page.close();
  });

  test("a cell of the confusion matrix shows its images, by keyboard alone", async () => {
    const page = await open();
    const cells = await page.locator("[data-cell]").all();
    for (const cell of cells) {
      const count = Number(await cell.locator("b").textContent());
      await cell.focus();
      await page.keyboard.press("Enter");
      expect(await page.locator("#cell img").count()).toBe(count);
      expect(await page.evaluate("document.activeElement.textContent")).toMatch(/ images?$/);
      expect(await cell.getAttribute("aria-pressed")).toBe("true");
      const loaded = "[...document.querySelectorAll('#cell img')].every((image) => image.naturalWidth > 0)";
      await page.waitForFunction(loaded);
      await page.keyboard.press("Escape");
      expect(await page.locator("#cell img").count()).toBe(0);
      expect(await cell.evaluate((element) => element === document.activeElement)).toBe(true);
    }
    expect(cells.length).toBeGreaterThan(3);
    await page.close();
  });

  test("all faces are shown, nothing is asked of any server and nothing goes wrong", async () => {
    const page = await open();
    await page.waitForFunction(
      "[...document.images].every((image) => image.complete && image.naturalWidth > 0)",
    );
    expect(await page.locator("img").count()).toBeGreaterThan(20);
    await page.close();
    expect(new Set(asked)).toEqual(new Set([pathToFileURL(join(run, "report.html")).href]));
    expect(complaints).toEqual([]);
  });
});

if (chromiumPath === undefined)
  process.stderr.write(
    "no Chromium found (VULTUS_CHROMIUM names one): the report is not looked at in a browser\n",
  );
