/** Image quality: noise and blur. */

import type { Random } from "../../util/random.ts";
import { gaussianBlur, motionBlur } from "./blur.ts";
import { type Corruption, mapPixels, shorterSide } from "./corruption.ts";

const gaussianNoise: Corruption = {
  name: "gaussian-noise",
  title: "Gaussian noise",
  group: "image quality",
  parameter: "deviation as a share of white",
  values: [0.03, 0.06, 0.1, 0.15, 0.22],
  apply: (picture, deviation, rng) => mapPixels(picture, (v) => v + 255 * deviation * rng.normal()),
};

const shotNoise: Corruption = {
  name: "shot-noise",
  title: "shot noise",
  group: "image quality",
  parameter: "photons that make a white pixel",
  values: [200, 90, 40, 20, 10],
  apply: (picture, photons, rng) =>
    mapPixels(picture, (v) => (255 * poisson((v / 255) * photons, rng)) / photons),
};

const blur: Corruption = {
  name: "blur",
  title: "blur",
  group: "image quality",
  parameter: "deviation as a share of the side",
  values: [0.01, 0.018, 0.028, 0.04, 0.055],
  apply: (picture, share) => gaussianBlur(picture, share * shorterSide(picture)),
};

const motion: Corruption = {
  name: "motion-blur",
  title: "motion blur",
  group: "image quality",
  parameter: "length as a share of the side, in a random direction",
  values: [0.05, 0.09, 0.14, 0.2, 0.27],
  apply: (picture, share, rng) => motionBlur(picture, share * shorterSide(picture), rng.uniform(0, Math.PI)),
};

/** Image-quality corruptions that need no codec; `encoding.node.ts` has the others. */
export const qualityCorruptions: readonly Corruption[] = [gaussianNoise, shotNoise, blur, motion];

/** Draws a Poisson deviate of small mean: the number of uniform draws whose product stays above e^-mean (Knuth). */
function poisson(mean: number, rng: Random): number {
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = rng.next(); product > limit; product *= rng.next()) count++;
  return count;
}
