/** Everybody can distinguish the accents of the expressions, in light and dark mode, and they stand out from their background. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("../web/src/style/tokens.css", import.meta.url), "utf8");
const names = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"];

/** Linear red, green and blue from 0 to 1. */
type Linear = readonly [number, number, number];

/**
 * Appearance of colours without one kind of cone: matrices for linear RGB of Machado, Oliveira and Fernandes 2009 ("A
 * physiologically-based model for simulation of color vision deficiency"), severity 1.
 */
const visions: Readonly<Record<string, readonly Linear[]>> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** Distance in OKLab: 0.02 is just noticeable. Black and white are 1 apart. */
const LEAST_DISTANCE = 0.09;

/** WCAG 2.2's contrast of graphics with their background (1.4.11). */
const LEAST_CONTRAST = 3;

const [light, dark] = css.split("@media (prefers-color-scheme: dark)") as [string, string];

function linear(theme: string, name: string): Linear {
  const [, hex = ""] = new RegExp(`--${name}: #([0-9a-f]{6});`).exec(theme) ?? [];
  expect([name, hex]).toEqual([name, expect.stringMatching(/^[0-9a-f]{6}$/)]);
  return [0, 2, 4].map((at) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as unknown as Linear;
}

function product(matrix: readonly Linear[], [x, y, z]: Linear): Linear {
  return matrix.map(([a, b, c]) => a * x + b * y + c * z) as unknown as Linear;
}

/** OKLab (Ottosson 2020). */
function oklab(colour: Linear): Linear {
  const inside = colour.map((value) => Math.min(1, Math.max(0, value))) as unknown as Linear;
  const cones = product(
    [
      [0.4122214708, 0.5363325363, 0.0514459929],
      [0.2119034982, 0.6806995451, 0.1073969566],
      [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    inside,
  ).map(Math.cbrt) as unknown as Linear;
  return product(
    [
      [0.2104542553, 0.793617785, -0.0040720468],
      [1.9779984951, -2.428592205, 0.4505937099],
      [0.0259040371, 0.7827717662, -0.808675766],
    ],
    cones,
  );
}

function distance(a: Linear, b: Linear): number {
  const [p, q] = [oklab(a), oklab(b)];
  return Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]);
}

function contrast(a: Linear, b: Linear): number {
  const luminance = ([r, g, b]: Linear): number => 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
  const [p, q] = [luminance(a), luminance(b)];
  return Math.max(p, q) / Math.min(p, q);
}

test("the simulations confuse what they must: red and green of equal lightness", () => {
  const [red, green]: [Linear, Linear] = [
    [0.4, 0.05, 0],
    [0.05, 0.19, 0],
  ];
  const seen = (vision: string): number =>
    distance(product(visions[vision] ?? [], red), product(visions[vision] ?? [], green));
  expect(seen("usual")).toBeGreaterThan(0.2);
  expect(seen("deuteranopia")).toBeLessThan(0.5 * seen("usual"));
});

test.each(Object.keys(visions))("%s: every two accents differ, light and dark", (vision) => {
  const matrix = visions[vision] as readonly Linear[];
  for (const [theme, text] of Object.entries({ light, dark })) {
    const colours = names.map((name) => product(matrix, linear(text, name)));
    const close = names.flatMap((a, i) =>
      names
        .slice(i + 1)
        .filter((_, j) => distance(colours[i] as Linear, colours[i + 1 + j] as Linear) < LEAST_DISTANCE)
        .map((b) => `${theme}: ${a} and ${b}`),
    );
    expect(close).toEqual([]);
  }
});

test.each(Object.entries({ light, dark }))("%s: every accent stands out from the panel", (_, theme) => {
  const panel = linear(theme, "panel");
  const pale = names.filter((name) => contrast(linear(theme, name), panel) < LEAST_CONTRAST);
  expect(pale).toEqual([]);
});
