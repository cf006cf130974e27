/** Reports of runs with missing data, or with content that could break a page. */

import { describe, expect, test } from "vitest";
import { emptyRun } from "../../test/support/empty-run.ts";
import type { Picture } from "../data/dataset.ts";
import { drawFace } from "../data/synthetic.ts";
import type { Environment } from "../train/run-folder.node.ts";
import { facesOf } from "./faces.ts";
import { modelCardMarkdown } from "./model-card.ts";
import { escape, inlineJson, inlineSvg, page, thumbnailUri } from "./page.ts";
import { reportHtml } from "./report-page.ts";
import type { Prediction } from "./run-data.ts";
import { evaluationSchema } from "./run-record.ts";
import { svgPage, text } from "./svg.ts";

const environment: Environment = {
  ...{ vultus: "0.1.0", node: "v20.20.0", onnxruntime: "1.30.0", cpu: "", threads: 2, device: "cpu" },
  ...{
    memoryGB: 24,
    fingerprint: "f",
    data: [],
    weights: "",
    teachers: [],
    teacherDigests: [],
    started: "2026-11-25T00:00:00.000Z",
  },
};

/** Parsed like evaluation.json: one image, so only one class occurs and there is no area under a curve. */
const ofOnePicture = evaluationSchema.parse({
  n: 1,
  split: "test",
  classes: ["<b>happy", "sad"],
  confusion: [
    [0, 1],
    [0, 0],
  ],
  accuracy: 0,
  interval: [0, 0],
  majority: 1,
  ece: 0.9,
  nll: 2.3,
  auc: { "<b>happy": null, sad: null },
  calibration: {
    temperature: 1.5,
    eceRaw: 0.95,
    eceModel: 0.9,
    eceCrossFitted: 0.9,
    fittedHere: true,
    reliability: [{ count: 1, confidence: 0.9, accuracy: 0 }],
  },
  coverage: [
    { threshold: 0.5, coverage: 1, accuracy: 0 },
    { threshold: 0.95, coverage: 0, accuracy: null },
  ],
});
const one: Prediction = {
  id: "</script><i>.png",
  label: "<b>happy",
  predicted: "sad",
  probabilities: [0.1, 0.9],
};

describe("honest partial reports", () => {
  test("a run without anything", () => {
    const html = reportHtml(emptyRun, { faces: [], notes: ["Made without images: x."] });
    expect(html).toContain("has not finished an epoch");
    expect(html).toContain("Made without images: x.");
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
    expect(modelCardMarkdown(emptyRun)).toContain("Not measured, because this run was not scored.");
    expect(modelCardMarkdown(emptyRun)).not.toMatch(/NaN|undefined/);
    expect(modelCardMarkdown(emptyRun)).toContain("The run folder has no audit of the data");
  });

  test("the licence of the starting weights is mentioned only if some were loaded", () => {
    const cardFrom = (weights: string): string =>
      modelCardMarkdown({ ...emptyRun, environment: { ...environment, weights } });
    expect(cardFrom("")).toContain("- Starting weights: not recorded.\n");
    expect(cardFrom("none, all drawn from the seed 7")).toContain("drawn from the seed 7.\n");
    expect(cardFrom("none.pth")).toContain("- Starting weights: none.pth. Their licence applies.\n");
  });

  test("one image of one class, wrong: no area under a curve, no NaN, no markup from names", async () => {
    const run = { ...emptyRun, evaluation: ofOnePicture, predictions: [one] };
    const faces = await facesOf([one], ofOnePicture.classes, () => drawFace("happy", 1));
    const html = reportHtml(run, { faces, notes: [] });
    expect(html).not.toMatch(/NaN|undefined|<b>happy|<i>\.png/);
    expect(html).toContain("All images have one class");
    expect(html).toContain("on the test split, which was scored once");
    expect(html).toContain("cross-fitted");
    // The images show the mistake; without images, a list does.
    const listed = "&lt;b&gt;happy</strong> taken for <strong>sad</strong>: 1 of 1";
    expect(html).toContain("&lt;b&gt;happy taken for sad");
    expect(html).not.toContain(listed);
    expect(reportHtml(run, { faces: [], notes: [] })).toContain(listed);
    expect(html).toContain("confident</li>");
    const card = modelCardMarkdown(run);
    expect(card).toContain("| \\<b\\>happy | 0 of 0 | 0 of 1 | 0.000 | – | 1 |");
    expect(card).not.toContain("Selected on validation");
  });

  test("leaked images are told apart, also if nothing is left without them", () => {
    const leaked = { leaked: 1, withoutLeaked: null };
    const run = { ...emptyRun, evaluation: { ...ofOnePicture, ...leaked } };
    expect(reportHtml(run, { faces: [], notes: [] })).toContain("this does not measure new images");
    const without = { n: 900, accuracy: 0.512, interval: [0.48, 0.54] as [number, number] };
    const some = { ...emptyRun, evaluation: { ...ofOnePicture, leaked: 7, withoutLeaked: without } };
    expect(reportHtml(some, { faces: [], notes: [] })).toContain(
      "On the other 900 the accuracy is 51.2\u00a0%",
    );
    expect(modelCardMarkdown(some)).toContain("without them the accuracy is 51.2 %");
  });

  test("an audit that found leaks, and robustness", () => {
    const audit = {
      ...{
        pictures: 10,
        duplicateGroups: 2,
        redundantPictures: 2,
        conflictingGroups: 1,
        nearDuplicateGroups: 0,
      },
      ...{ blank: 0, unreadable: 0, crossSplitPictures: { "validation in train": 2 } },
    };
    const corruption = {
      ...{ name: "blur", title: "Blur", group: "quality", parameter: "sigma", relativeDrop: 0.3 },
      ...{ values: [1, 2, 3, 4, 5], accuracy: [0.5, 0.4, 0.3, 0.2, 0.1] },
    };
    const groups = [{ group: "quality", relativeDrop: 0.3 }];
    const robustness = { n: 10, clean: 0.6, meanRelativeDrop: 0.3, groups, corruptions: [corruption] };
    const html = reportHtml({ ...emptyRun, audit, robustness }, { faces: [], notes: [] });
    expect(html).toContain("2 validation in train");
    expect(html).toContain("30.0\u00a0% of the accuracy is lost on average");
    expect(html).toContain('title="sigma: 5">10%</td>');
    expect(modelCardMarkdown({ ...emptyRun, robustness })).toContain("quality: 30.0 % of the accuracy lost");
  });
});

describe("the faces of a report", () => {
  const photo = (seed: number): Picture => {
    // Noise compresses worst.
    const pixels = Uint8Array.from(
      { length: 300 * 200 * 3 },
      (_, i) => (Math.imul(i + seed, 2654435761) >>> 13) & 255,
    );
    return { pixels, width: 300, height: 200, channels: 3 };
  };
  const predictions = Array.from({ length: 40 }, (_, i) => ({
    id: `${i}`,
    label: "a",
    predicted: i < 30 ? "a" : "b",
    probabilities: [1 - i / 100, i / 100],
  }));

  test("stay within their budget: the wrong ones first, then the least sure", async () => {
    const budget = 15.5 * (await thumbnailUri(photo(0))).length;
    const faces = await facesOf(predictions, ["a", "b"], (id) => photo(Number(id)), budget);
    expect(faces.reduce((sum, { uri }) => sum + uri.length, 0)).toBeLessThanOrEqual(budget);
    const shown = faces.map(({ id }) => Number(id));
    expect(shown).toEqual([...shown].sort((a, b) => a - b));
    expect(shown).toEqual(expect.arrayContaining([28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]));
    expect(shown.every((id) => id > 20)).toBe(true);
  });

  test("leave out what was not found", async () => {
    const found = await facesOf(predictions, ["a", "b"], (id) => (id === "7" ? photo(7) : undefined));
    expect(found).toMatchObject([{ id: "7", truth: 0, predicted: 0 }]);
  });

  test("are small, and as they were", async () => {
    const uri = await thumbnailUri(photo(1));
    const sharp = (await import("sharp")).default;
    const { width, height, format } = await sharp(Buffer.from(uri.split(",")[1] ?? "", "base64")).metadata();
    expect([format, width, height]).toEqual(["webp", 64, 43]);
    const face = drawFace("sad", 3);
    const small = Buffer.from((await thumbnailUri(face)).split(",")[1] ?? "", "base64");
    expect(small.length).toBeLessThan(1200);
    const back = await sharp(small).greyscale().raw().toBuffer();
    const differences = face.pixels.map((value, i) => Math.abs(value - (back[i] as number)));
    expect(differences.reduce((sum, d) => sum + d, 0) / differences.length).toBeLessThan(8);
  });
});

describe("a page", () => {
  test("forbids requests and escapes what it is given", () => {
    const html = page({ title: "<a>", lead: "b & c", body: "<p>x</p>", script: 'const s = "</script>";' });
    expect(html).toContain("default-src 'none'");
    expect(html).toContain("<h1>&lt;a&gt;</h1>");
    expect(html).toContain('const s = "<\\/script>";');
    expect(inlineJson({ a: "</script>" })).toBe('{"a":"\\u003c/script>"}');
  });

  test("has charts in its own colours and fonts, with words for those who do not see them", () => {
    const svg = inlineSvg(svgPage(10, 10, "Chart", [text(1, 1, "x", { fill: "#0072b2" })]), 'from 1 to "2"');
    expect(svg).toContain('aria-label="from 1 to &quot;2&quot;"');
    expect(svg).toContain('fill="var(--blue)"');
    expect(svg).not.toMatch(/#[0-9a-f]{6}|Helvetica|<title>/);
  });

  test("takes the words of a chart as they are, also if a class has the name of a pattern", () => {
    const words = "Shares of $&, $`, $' and $$";
    const svg = inlineSvg(svgPage(10, 10, "Chart", []), words);
    expect(svg).toContain(`aria-label="${escape(words)}"`);
  });
});
