/** Rotated squares made upright, compared with images whose grey level is known at every position. */

import { expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import { resampled } from "./resample.ts";
import { turned } from "./turn.ts";

/** A grey ramp that rises by one level every two pixels, in the direction `degrees` clockwise from the right. */
function slope(degrees: number): Picture {
  const [side, radians] = [200, (degrees * Math.PI) / 180];
  const pixels = Uint8Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - side / 2, Math.floor(i / side) - side / 2];
    return Math.round(128 + (Math.cos(radians) * x + Math.sin(radians) * y) / 2);
  });
  return { pixels, width: side, height: side, channels: 1 };
}

const box = { x: 60, y: 70, width: 60, height: 60 };

test.each([-75, -30, 10, 45])("a slope towards %i° lies level when its square is set upright", (degrees) => {
  const { pixels, width, height } = turned(slope(degrees), box, 30, degrees);
  expect([width, height]).toEqual([30, 30]);
  // The centre of the square, (90, 100), along the direction of the ramp.
  const middle = 128 + (Math.cos((degrees * Math.PI) / 180) * -10) / 2;
  for (const [i, value] of pixels.entries())
    expect(Math.abs(value - (middle + (i % 30) - 14.5)), `pixel ${i}`).toBeLessThan(1.6);
});

test("a square that does not lean is cut out as it is", () => {
  const picture = slope(20);
  const straight = resampled(picture, box, 30, 30).pixels;
  for (const [i, value] of turned(picture, box, 30, 0).pixels.entries())
    expect(Math.abs(value - (straight[i] as number))).toBeLessThanOrEqual(1);
});
