/** Light: too dark, too bright, low contrast, coloured, or from one side. */

import type { Picture } from "../../data/dataset.ts";
import { type Corruption, mapPixels, meanColour } from "./corruption.ts";

const darker: Corruption = {
  name: "darker",
  title: "darker",
  group: "light",
  parameter: "factor of every value",
  values: [0.7, 0.5, 0.35, 0.24, 0.15],
  apply: (picture, value) => mapPixels(picture, (v) => v * value),
};

const brighter: Corruption = {
  name: "brighter",
  title: "brighter",
  group: "light",
  parameter: "factor of every value, clipped at white",
  values: [1.2, 1.4, 1.65, 1.95, 2.3],
  apply: (picture, value) => mapPixels(picture, (v) => v * value),
};

const contrast: Corruption = {
  name: "contrast",
  title: "low contrast",
  group: "light",
  parameter: "factor of the distance from the mean",
  values: [0.7, 0.5, 0.35, 0.2, 0.1],
  apply(picture, value) {
    const mean = meanColour(picture);
    return mapPixels(picture, (v, _x, _y, c) => (mean[c] as number) + value * (v - (mean[c] as number)));
  },
};

const gamma: Corruption = {
  name: "gamma",
  title: "gamma",
  group: "light",
  parameter: "γ of 255·(v/255)^γ, or its reciprocal, each in half of the images",
  values: [1.3, 1.6, 2, 2.5, 3.2],
  apply(picture, value, rng) {
    const exponent = rng.chance(0.5) ? value : 1 / value;
    return mapPixels(picture, (v) => 255 * (v / 255) ** exponent);
  },
};

/** Grey images become RGB on purpose. */
const colouredLight: Corruption = {
  name: "coloured-light",
  title: "coloured light",
  group: "light",
  parameter: "saturation of a light of random hue",
  values: [0.2, 0.4, 0.6, 0.8, 1],
  apply(picture, value, rng) {
    const hue = rng.uniform(0, 6);
    // Red, green and blue shares of a fully saturated light of this hue.
    const light = [0, 2, 4].map((centre) => {
      const distance = Math.abs(hue - centre);
      return Math.min(1, Math.max(0, 2 - Math.min(distance, 6 - distance)));
    });
    return mapPixels(asRgb(picture), (v, _x, _y, c) => v * (1 - value * (1 - (light[c] as number))));
  },
};

const sideLight: Corruption = {
  name: "side-light",
  title: "side light",
  group: "light",
  parameter: "v of the factor from 1 + v to 1 - v across the image, in a random direction",
  values: [0.25, 0.45, 0.65, 0.85, 1],
  apply(picture, value, rng) {
    const angle = rng.uniform(0, 2 * Math.PI);
    const [along, down] = [Math.cos(angle), Math.sin(angle)];
    // Normalises so that the factor reaches both ends in any direction.
    const reach = Math.abs(along) + Math.abs(down);
    return mapPixels(picture, (v, x, y) => {
      const [dx, dy] = [(2 * x + 1) / picture.width - 1, (2 * y + 1) / picture.height - 1];
      return v * (1 + (value * (along * dx + down * dy)) / reach);
    });
  },
};

export const lightCorruptions: readonly Corruption[] = [
  darker,
  brighter,
  contrast,
  gamma,
  colouredLight,
  sideLight,
];

function asRgb(picture: Picture): Picture {
  if (picture.channels === 3) return picture;
  const pixels = new Uint8Array(picture.pixels.length * 3);
  for (const [i, value] of picture.pixels.entries()) pixels.fill(value, 3 * i, 3 * i + 3);
  return { ...picture, pixels, channels: 3 };
}
