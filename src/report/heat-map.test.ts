/** The colour map is uniform and distinguishable by lightness; overlays do not change irrelevant pixels. */

import sharp from "sharp";
import { expect, test } from "vitest";
import type { Explanation } from "../evaluate/explain.ts";
import { heatColour, heatOverlay } from "../evaluate/heat-overlay.ts";
import { averageMapsPng, explanationPng } from "./heat-map.ts";

/** Returns the CIE lightness of sRGB bytes, a different measure from the one used to compute the colours. */
function lightness(rgb: readonly number[]): number {
  const linear = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  const luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return 116 * Math.cbrt(luminance) - 16;
}

test("colours rise evenly in lightness, from dark to light", () => {
  const steps = Array.from({ length: 21 }, (_, i) => lightness(heatColour(i / 20)));
  const rises = steps.slice(1).map((value, i) => value - (steps[i] as number));
  const mean = ((steps.at(-1) as number) - (steps[0] as number)) / 20;
  for (const rise of rises) expect(Math.abs(rise / mean - 1)).toBeLessThan(0.5);
  expect(steps[0]).toBeLessThan(20);
  expect(steps.at(-1)).toBeGreaterThan(85);
  expect(heatColour(-1)).toEqual(heatColour(0));
  expect(heatColour(7)).toEqual(heatColour(1));
});

const explanation = (channels: 1 | 3): Explanation => ({
  map: Float32Array.of(0, 0.25, 0.5, 1),
  coarse: [
    { values: Float32Array.of(0, 0.25, 0.5, 1), width: 2, grid: { start: 0.5, step: 1 }, seen: [0, 2] },
  ],
  size: 2,
  seen: { pixels: new Uint8Array(4 * channels).fill(100), width: 2, height: 2, channels },
  target: 1,
  predicted: 0,
  probabilities: Float32Array.of(0.7, 0.3),
});

test.each([1, 3] as const)(
  "an overlay of %i channels: untouched at 0, nearest to the colour at 1",
  (channels) => {
    const { pixels, ...shape } = heatOverlay(explanation(channels));
    expect(shape).toEqual({ width: 2, height: 2, channels: 3 });
    expect([...pixels.subarray(0, 3)]).toEqual([100, 100, 100]);
    const strongest = heatColour(1).map((value) => Math.round(100 + 0.75 * (value - 100)));
    expect([...pixels.subarray(9)]).toEqual(strongest);
  },
);

test("pages are images of the expected size, with a class that has no map left out", async () => {
  const classes = ["<calm>", "sad"];
  const one = await sharp(
    await explanationPng(explanation(1), { classes, file: "a&b.png", method: "grad-cam" }),
  ).metadata();
  expect([one.width, one.height]).toEqual([2 * 592, 2 * 306]);
  const { map, size, seen } = explanation(3);
  const mean = await sharp(
    await averageMapsPng([undefined, { map, size, seen, count: 3 }], classes, "grad-cam"),
  ).metadata();
  expect(mean.width).toBeLessThan(2 * 400);
});
