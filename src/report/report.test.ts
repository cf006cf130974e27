/** The images have the right content and size, and tolerate unusual input. */

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import { confusionSvg, confusionText } from "./confusion.ts";
import { contactSheetPng } from "./contact-sheet.ts";
import { coverageSvg } from "./coverage.ts";
import { type ChartedEpoch, curvesSvg } from "./curves.ts";
import { svgToPng, svgWithTiles } from "./raster.ts";
import { shownBins } from "./reliability.ts";
import { type SamplePrediction, samplesPng } from "./samples.ts";
import { escapeXml, fitText, percent, svgPage, widthOf } from "./svg.ts";

const matrix = [
  [123, 4, 0],
  [17, 56, 8],
  [0, 0, 0],
];
const names = ["angry", "<fear> & co", "sad"];

/** Returns every text of an SVG, in order. */
function textsOf(svg: string): string[] {
  return [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? "");
}

async function sizeOf(image: Buffer): Promise<(number | undefined)[]> {
  const { format, width, height } = await sharp(image).metadata();
  return [format === "png" ? 1 : 0, width, height];
}

async function pixelAt(image: Buffer, x: number, y: number): Promise<number[]> {
  const pixel = await sharp(image)
    .removeAlpha()
    .extract({ left: x, top: y, width: 1, height: 1 })
    .raw()
    .toBuffer();
  return [...pixel];
}

describe("confusion", () => {
  test("the text is aligned", () => {
    expect(confusionText(matrix, names)).toBe(
      [
        "             predicted",
        "truth        angry  <fear> & co  sad",
        "angry          123            4    0",
        "<fear> & co     17           56    8",
        "sad              0            0    0",
        "",
      ].join("\n"),
    );
  });

  test("the image shows counts, shares, names and totals; small and large matrices", async () => {
    const svg = confusionSvg(matrix, names);
    const texts = textsOf(svg);
    for (const wanted of [
      "123",
      "97%",
      "56",
      "127",
      "81",
      "angry",
      "&lt;fear&gt; &amp; co",
      "truth",
      "predicted",
    ]) {
      expect(texts).toContain(wanted);
    }
    const wide = Array.from({ length: 20 }, (_, i) => `class number ${i}`);
    const zeros = wide.map(() => wide.map(() => 0));
    for (const drawn of [svg, confusionSvg(zeros, wide), confusionSvg([[7]], ["all"])]) {
      const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(drawn) ?? [];
      expect(await sizeOf(await svgToPng(drawn))).toEqual([1, 2 * Number(width), 2 * Number(height)]);
    }
  });

  test("the matrix of 300 classes with long names is drawn at a size that can be looked at", async () => {
    const names = Array.from({ length: 300 }, (_, i) => `a class whose name is rather long, number ${i}`);
    const many = names.map((_, i) => names.map((_, j) => (i === j ? 5 : (i + j) % 7 === 0 ? 1 : 0)));
    const svg = confusionSvg(many, names);
    const [, width, height] = await sizeOf(await svgToPng(svg));
    expect(Math.max(width as number, height as number)).toBeLessThan(5000);
    expect(svg.match(/<rect /g)?.length).toBe(1 + many.flat().filter((count) => count > 0).length);
  });

  test("a chart that is too large for a PNG is drawn smaller", async () => {
    const svg = svgPage(20_000, 100, "long", []);
    expect((await sizeOf(await svgToPng(svg))).slice(1)).toEqual([16_000, 80]);
  });

  test("names must fit the matrix", () => {
    expect(() => confusionSvg(matrix, ["a"])).toThrow("1 class names for a confusion matrix of 3 classes");
    expect(() => confusionText([], [])).toThrow("at least one class");
  });
});

describe("curves", () => {
  const epochs: ChartedEpoch[] = Array.from({ length: 8 }, (_, i) => ({
    phase: i < 5 ? "head" : "layer4 <&>",
    epoch: i + 1,
    trainLoss: 1.8 - 0.1 * i,
    validationLoss: 1.7 - 0.05 * i,
    trainAccuracy: 0.4 + 0.05 * i,
    validationAccuracy: i === 6 ? 0.613 : 0.5,
    learningRate: i < 5 ? 1e-3 : 1e-4,
  }));

  test("three titled charts, phases named, the best epoch marked", async () => {
    const svg = curvesSvg(epochs);
    const texts = textsOf(svg);
    for (const wanted of [
      "Loss",
      "Accuracy",
      "Learning rate",
      "head",
      "layer4 &lt;&amp;&gt;",
      "best 61.3%",
      "1e-4",
      "8",
    ]) {
      expect(texts).toContain(wanted);
    }
    expect(svg.match(/<svg /g)).toHaveLength(4);
    // One boundary between phases in each chart.
    expect(svg.match(/aria-label="rule"><line/g)).toHaveLength(3);
    expect(svg).not.toContain("NaN");
    const [, width, height] = await sizeOf(await svgToPng(svg, 1));
    expect([width, height]).toEqual([760, Number(/viewBox="0 0 760 (\d+)"/.exec(svg)?.[1])]);
  });

  test.each<[string, ChartedEpoch[]]>([
    ["no epochs", []],
    ["one epoch", epochs.slice(0, 1)],
    ["nothing but names", [{ phase: "head", epoch: 1 }]],
    [
      "gaps after a divergence",
      [
        ...epochs,
        {
          phase: "all",
          epoch: 9,
          trainLoss: Number.NaN,
          validationLoss: Number.POSITIVE_INFINITY,
          learningRate: 0,
        },
        { phase: "all", epoch: 10, trainAccuracy: null, validationAccuracy: undefined, learningRate: -1 },
      ],
    ],
    ["constants", epochs.map((epoch) => ({ ...epoch, trainLoss: 0, validationLoss: 0, learningRate: 1e-5 }))],
    [
      "many epochs",
      Array.from({ length: 500 }, (_, i) => ({ ...epochs[i % 8], phase: "scratch", epoch: i + 1 })),
    ],
  ])("%s", async (_, records) => {
    const svg = curvesSvg(records);
    expect(svg).not.toContain("NaN");
    expect(svg).not.toContain("Infinity");
    expect(textsOf(svg).includes("not recorded")).toBe(!records.some(({ trainLoss }) => trainLoss != null));
    expect((await sizeOf(await svgToPng(svg, 1)))[1]).toBe(760);
  });

  test("a rate falling to zero spans at most four decades", () => {
    const falling = epochs.map((epoch, i) => ({ ...epoch, learningRate: 10 ** (-3 - 2 * i) }));
    const texts = textsOf(curvesSvg(falling));
    expect(texts).toContain("1e-7");
    expect(texts).not.toContain("1e-8");
  });
});

const grey = (value: number, side = 48): Picture => ({
  pixels: new Uint8Array(side * side).fill(value),
  width: side,
  height: side,
  channels: 1,
});
const red: Picture = {
  pixels: Uint8Array.from({ length: 60 * 30 * 3 }, (_, i) => (i % 3 === 0 ? 250 : 10)),
  width: 60,
  height: 30,
  channels: 3,
};

describe("samples", () => {
  const right: SamplePrediction = { ...grey(90), truth: "sad", predicted: "sad", probability: 0.9 };
  const wrong: SamplePrediction = { ...red, truth: "sad", predicted: "fear", probability: 0.999 };

  test("faces stand in a grid of the expected size", async () => {
    const image = await samplesPng([right, wrong, right], { columns: 2, scale: 1 });
    expect(await sizeOf(image)).toEqual([1, 20 + 112 + 18 + 112 + 20, 20 + 2 * (112 + 38) + 18 + 20]);
    expect(await pixelAt(image, 20 + 56, 20 + 56)).toEqual([90, 90, 90]);
    expect(await pixelAt(image, 20 + 112 + 18 + 56, 20 + 56)).toEqual([250, 10, 10]);
    expect(await pixelAt(image, 2, 2)).toEqual([255, 255, 255]);
    expect((await sizeOf(await samplesPng([right])))[1]).toBe(2 * (112 + 40));
  });

  test("right and wrong differ by more than colour", async () => {
    const marks = async (sample: SamplePrediction): Promise<Buffer> =>
      sharp(await samplesPng([{ ...sample, ...grey(0), predicted: "same", truth: sample.truth }]))
        .extract({ left: 40, top: 2 * (20 + 112 + 6), width: 26, height: 36 })
        .greyscale()
        .threshold(190)
        .raw()
        .toBuffer();
    expect((await marks({ ...right, truth: "same" })).equals(await marks(wrong))).toBe(false);
  });

  test("nothing to draw and broken pixels are refused", async () => {
    await expect(samplesPng([])).rejects.toThrow("0 sample predictions");
    await expect(samplesPng([{ ...right, width: 47 }])).rejects.toThrow("47 × 48 pixels");
  });
});

describe("contact sheet", () => {
  test("a row per class; rows may be ragged or empty", async () => {
    const rows = [
      { label: "angry", count: 3171, raw: [grey(50), red], augmented: [grey(200)] },
      { label: "<none>", count: 0, raw: [], augmented: [] },
    ];
    const small = await contactSheetPng(rows, 1);
    const [, width, height] = await sizeOf(small);
    expect(height).toBe(46 + 92 + 80 + 20);
    expect(await sizeOf(await contactSheetPng(rows))).toEqual([1, 2 * (width ?? 0), 2 * (height ?? 0)]);
    expect(await pixelAt(small, (width ?? 0) - 20 - 40, 46 + 40)).toEqual([200, 200, 200]);
    await expect(contactSheetPng([])).rejects.toThrow("0 classes");
  });
});

describe("svg", () => {
  test("text is escaped and shortened by characters, not by halves of them", async () => {
    expect(escapeXml('a<b>&"\u0000\ud800😀')).toBe("a&lt;b&gt;&amp;&quot;��😀");
    expect(fitText("surprise", 100)).toBe("surprise");
    expect(fitText("😀😀😀😀😀", 22)).toBe("😀😀…");
    const image = await svgWithTiles(svgPage(40, 30, "\u0001", []), [], 10, 3);
    expect(await sizeOf(image)).toEqual([1, 120, 90]);
  });

  test("only everything is 100%", () => {
    expect([0, 0.001, 0.5, 0.9999, 1].map(percent)).toEqual(["0%", "<1%", "50%", ">99%", "100%"]);
  });

  test("a machine without fonts is noticed", () => {
    const folder = mkdtempSync(join(tmpdir(), "vultus-fonts-"));
    const empty = join(folder, "fonts.conf");
    writeFileSync(empty, `<fontconfig><cachedir>${folder}</cachedir></fontconfig>`);
    const script = `import { textRenders } from ${JSON.stringify(import.meta.resolve("./raster.ts"))};
      process.stdout.write(String(await textRenders()));`;
    // fontconfig reads its file only once, so this needs a separate process.
    const found = execFileSync(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "--eval", script],
      {
        env: { ...process.env, FONTCONFIG_FILE: empty },
        encoding: "utf8",
      },
    );
    rmSync(folder, { recursive: true });
    expect(found).toBe("false");
  });
});

describe("calibration charts", () => {
  /** Checks whether text with this anchor at x stays within `width`, assuming wide letters. */
  const ends = (svg: string): [number, string][] =>
    [...svg.matchAll(/<g[^>]*?text-anchor="(start|end)"[^>]*>(.*?)<\/g>/gs)].flatMap(
      ([, anchor, inner = ""]) =>
        [...inner.matchAll(/<text transform="translate\(([\d.-]+),[^>]*>([^<]*)</g)].map(
          ([, x, name = ""]): [number, string] => [
            Number(x) + (anchor === "start" ? widthOf(name, 11) : 0),
            name,
          ],
        ),
    );

  test("names of dots at the right edge stay within the chart", () => {
    const points = [0.5, 0.6, 0.7, 0.8, 0.9].map((threshold, i) => ({
      threshold,
      coverage: 0.99 - 0.15 * i,
      accuracy: 0.7 + 0.07 * i,
    }));
    const svg = coverageSvg({ accuracy: 0.69, points });
    const named = ends(svg).filter(([, name]) => name.startsWith("≥"));
    expect(named.map(([, name]) => name).sort()).toEqual(["≥ 50%", "≥ 60%", "≥ 70%", "≥ 80%", "≥ 90%"]);
    for (const [right] of named) expect(right).toBeLessThanOrEqual(380);
  });

  test("bins are wide enough to be read, and bear intervals", () => {
    const bins = Array.from({ length: 15 }, (_, i) => ({
      count: 48,
      confidence: 0.3 + 0.045 * i,
      accuracy: i % 2 ? 0.5 : 0.7,
    }));
    const shown = shownBins(bins);
    expect(shown.map(({ count }) => count)).toEqual([96, 96, 96, 96, 96, 96, 144]);
    expect(shown[0]?.accuracy).toBeCloseTo(0.6, 12);
    expect(shown[0]?.confidence).toBeCloseTo(0.3225, 12);
    for (const { interval, accuracy } of shown) {
      expect(interval[0]).toBeLessThan(accuracy);
      expect(interval[1]).toBeGreaterThan(accuracy);
    }
    // Few images still give a curve; no images give none.
    expect(shownBins(bins.map((bin) => ({ ...bin, count: 1 }))).map(({ count }) => count)).toEqual([
      3, 3, 3, 3, 3,
    ]);
    expect(shownBins([])).toEqual([]);
  });
});

test("the curves' legend lies where a phone shows it", () => {
  // The left 354 of 390 px, where the chart is 608 px wide instead of 760.
  const svg = curvesSvg([{ phase: "all", epoch: 1, trainLoss: 1, validationLoss: 1 }]);
  for (const name of ["training", "validation"]) {
    const x = Number(new RegExp(`<text x="([\\d.]+)"[^>]*>${name}</text>`).exec(svg)?.[1]);
    expect((x + widthOf(name)) * (608 / 760)).toBeLessThan(354);
  }
});
