/** Random draws are equal for equal keys, stay within their ranges, and do not depend on other settings. */

import { expect, test } from "vitest";
import { nothing } from "./erasing.ts";
import { drawMixing, type Mixing } from "./mixing.ts";
import { noAugmentation, referenceAugmentation } from "./settings.ts";
import { type Draw, drawTraining } from "./training.ts";

const settings = referenceAugmentation;
const picture = { width: 60, height: 48 };
const size = 96;
const draws = Array.from({ length: 4000 }, (_, i) =>
  drawTraining(settings, [7, "head", 0, i], picture, size),
);

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;

/** Expects all values to lie within the range, and some close to both ends. */
function expectToFill(values: readonly number[], low: number, high: number): void {
  const margin = 0.02 * (high - low);
  const [least, greatest] = [Math.min(...values), Math.max(...values)];
  expect(least).toBeGreaterThanOrEqual(low - 1e-9);
  expect(least).toBeLessThan(low + margin);
  expect(greatest).toBeLessThanOrEqual(high + 1e-9);
  expect(greatest).toBeGreaterThan(high - margin);
}

test("a key draws the same numbers every time, and another key others", () => {
  expect(drawTraining(settings, [7, "head", 0, 3], picture, size)).toEqual(draws[3]);
  expect(drawTraining(settings, [8, "head", 0, 3], picture, size)).not.toEqual(draws[3]);
});

test("numbers fill their ranges", () => {
  const of = (f: (draw: Draw) => number): number[] => draws.map(f);
  expectToFill(
    of((d) => d.geometry.degrees),
    -20,
    20,
  );
  expectToFill(
    of((d) => d.geometry.scale),
    0.9,
    1.1,
  );
  expectToFill(
    of((d) => d.geometry.shift[0]),
    -0.1,
    0.1,
  );
  expectToFill(
    of((d) => d.colour.brightness),
    0.7,
    1.3,
  );
  expectToFill(
    of((d) => d.colour.saturation),
    0.8,
    1.2,
  );
  expectToFill(
    of((d) => d.colour.hue),
    -0.1,
    0.1,
  );
  expectToFill(
    draws.flatMap(({ geometry }) => geometry.corners?.flat() ?? []),
    0,
    0.2,
  );
});

test("chances are kept", () => {
  const share = (f: (draw: Draw) => boolean): number => mean(draws.map((draw) => Number(f(draw))));
  expect(share((d) => d.geometry.flip)).toBeCloseTo(0.5, 1);
  expect(share((d) => d.geometry.corners !== null)).toBeCloseTo(0.5, 1);
  expect(Math.abs(share((d) => d.colour.gray === 1) - 0.1)).toBeLessThan(0.02);
  expect(Math.abs(share((d) => d.box[2] > 0) - 0.2)).toBeLessThan(0.025);
});

test("crops lie in the image and have the drawn areas and ratios", () => {
  const crops = draws.map((draw) => draw.geometry.crop);
  for (const { left, top, width, height } of crops) {
    expect(Math.min(left, top, 1 - left - width, 1 - top - height)).toBeGreaterThan(-1e-9);
  }
  // A crop that reaches the shorter side may be below the minimum area only if ten tries failed.
  expectToFill(
    crops.map(({ width, height }) => width * height),
    0.7,
    1,
  );
  const ratios = crops.map(({ width, height }) => (width * picture.width) / (height * picture.height));
  expect(Math.min(...ratios)).toBeGreaterThan(3 / 4);
  expect(Math.max(...ratios)).toBeLessThan(4 / 3);
});

test("an image too long for every crop is cut at its centre", () => {
  const draw = drawTraining(settings, [1], { width: 400, height: 20 }, size);
  const { left, top, width, height } = draw.geometry.crop;
  expect([top, height]).toEqual([0, 1]);
  expect(width).toBeCloseTo(((4 / 3) * 20) / 400);
  expect(left).toBeCloseTo((1 - width) / 2);
});

test("erased boxes lie in the result and have the drawn areas", () => {
  const boxes = draws.map((draw) => draw.box).filter((box) => box[2] > 0);
  for (const [left, top, right, bottom] of boxes) {
    expect(left >= 0 && top >= 0 && right <= size && bottom <= size).toBe(true);
    const share = ((right - left) * (bottom - top)) / size ** 2;
    // Sides are rounded to whole pixels.
    expect(share).toBeGreaterThan(0.018);
    expect(share).toBeLessThan(0.21);
  }
});

test("switching a transform off leaves the others as they were", () => {
  const key = [7, "head", 0, 5];
  const all = drawTraining(settings, key, picture, size);
  const off = (change: Partial<typeof settings>): Draw =>
    drawTraining({ ...settings, ...change }, key, picture, size);
  expect(off({ rotation: 0 })).toEqual({ ...all, geometry: { ...all.geometry, degrees: expect.closeTo(0) } });
  expect(off({ horizontalFlip: 0 })).toEqual({ ...all, geometry: { ...all.geometry, flip: false } });
  expect(off({ affine: null }).geometry).toEqual({
    ...all.geometry,
    scale: 1,
    shift: [expect.closeTo(0), expect.closeTo(0)],
  });
  expect(off({ perspective: null })).toEqual({ ...all, geometry: { ...all.geometry, corners: null } });
  expect(off({ randomResizedCrop: null })).toEqual({
    ...all,
    geometry: { ...all.geometry, crop: { left: 0, top: 0, width: 1, height: 1 } },
  });
  expect(off({ brightness: 0 })).toEqual({ ...all, colour: { ...all.colour, brightness: 1 } });
  expect(off({ grayscale: 0 })).toEqual({ ...all, colour: { ...all.colour, gray: 0 } });
  expect(off({ erasing: null })).toEqual({ ...all, box: [0, 0, 0, 0] });
});

test("mixup draws one share for the batch, and a partner for each image", () => {
  expect(drawMixing(noAugmentation, 8, 32, [1])).toBeUndefined();
  const mixing = drawMixing({ ...settings, mixup: 0.4 }, 8, 32, [1]);
  expect([...(mixing?.partner ?? [])].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(new Set(mixing?.weight).size).toBe(1);
  const shares = Array.from(
    { length: 2000 },
    (_, i) => drawMixing({ ...settings, mixup: 0.4 }, 1, 32, [i])?.weight[0] as number,
  );
  expectToFill(shares, 0, 1);
  // Var of Beta(α, α) is 1/(4·(2α + 1)).
  expect(mean(shares.map((v) => (v - 0.5) ** 2))).toBeCloseTo(1 / 7.2, 2);
});

test("CutMix draws one rectangle for the batch, and gives each image the share that is left of it", () => {
  const cut = { ...noAugmentation, cutmix: 1 };
  for (let i = 0; i < 200; i++) {
    const { box, weight, partner } = drawMixing(cut, 4, 32, [i]) as Mixing;
    const [left, top, right, bottom] = box;
    expect([left, top].every((v) => v >= 0) && [right, bottom].every((v) => v <= 32)).toBe(true);
    expect([...weight]).toEqual(new Array(4).fill(Math.fround(1 - ((right - left) * (bottom - top)) / 1024)));
    expect([...partner].sort((a, b) => a - b)).toEqual([0, 1, 2, 3]);
  }
  // Without clipping at the borders the mean share of Beta(1, 1) would be 1/2; about a third of each side is clipped.
  const shares = Array.from({ length: 2000 }, (_, i) => drawMixing(cut, 1, 320, [i])?.weight[0] as number);
  expect(mean(shares)).toBeGreaterThan(0.6);
  expect(mean(shares)).toBeLessThan(0.75);
});

test("if mixup and CutMix are both on, each batch is of one kind, and mixup's draws stay as they were", () => {
  const mixup = { ...noAugmentation, mixup: 0.4 };
  const both = { ...mixup, cutmix: 1 };
  const kinds = Array.from({ length: 400 }, (_, i) => drawMixing(both, 4, 32, [i]) as Mixing);
  const blended = kinds.flatMap((mixing, i) => (mixing.box === nothing ? [[mixing, i] as const] : []));
  expect(blended.length / 400).toBeGreaterThan(0.4);
  expect(blended.length / 400).toBeLessThan(0.6);
  for (const [mixing, i] of blended) expect(mixing).toEqual(drawMixing(mixup, 4, 32, [i]));
});
