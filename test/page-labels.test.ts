/** Labels and boxes of many faces in one image of the page. */

import { describe, expect, test } from "vitest";
import { type Extent, type Placed, placeLabels, type Rect } from "../web/src/parts/place-labels.ts";
import { faceAt } from "../web/src/pictures/face-at.ts";

const forms: readonly Extent[] = [
  { width: 90, height: 18 },
  { width: 16, height: 13 },
];
const face = (left: number, top: number, side: number) => ({
  box: { left, top, width: side, height: side },
  forms,
});

function common(a: Rect, b: Rect): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  return Math.max(0, width) * Math.max(0, height);
}

/** The placed labels, as rectangles. */
function rects(placed: readonly (Placed | undefined)[]): (Rect | undefined)[] {
  return placed.map((at) => at && { ...at, ...(forms[at.form] as Extent) });
}

describe("labels", () => {
  test("a face with room has its label above it, written out, within the image", () => {
    const [above, atTheTop, atTheRight] = placeLabels(
      [face(20, 100, 50), face(150, 2, 50), face(360, 200, 38)],
      { width: 400, height: 300 },
    );
    expect(above).toEqual({ form: 0, left: 20, top: 80 });
    expect(atTheTop).toEqual({ form: 0, left: 150, top: 54 });
    expect(atTheRight).toEqual({ form: 0, left: 310, top: 180 });
  });

  test.each([
    { kind: "a desktop", width: 1054, least: 1 },
    { kind: "a phone", width: 320, least: 0.5 },
  ])(
    "thirty people in three rows on $kind: no label on another, little of any face covered",
    ({ width, least }) => {
      const scale = width / 1054;
      const faces = Array.from({ length: 30 }, (_, i) => {
        const [row, column] = [Math.floor(i / 10), i % 10];
        return face(scale * (30 + 100 * column + 20 * row), scale * (60 + 60 * row), scale * 32);
      });
      const stage = { width, height: 0.45 * width };
      const placed = rects(placeLabels(faces, stage));
      const labels = placed.filter((label) => label !== undefined);
      expect(labels.length).toBeGreaterThanOrEqual(least * faces.length);
      for (const [i, label] of labels.entries()) {
        for (const other of labels.slice(i + 1)) expect(common(label, other)).toBe(0);
        for (const { box } of faces)
          expect(common(label, box)).toBeLessThanOrEqual(0.35 * box.width * box.height);
        expect(label.left).toBeGreaterThanOrEqual(0);
        expect(label.left + label.width).toBeLessThanOrEqual(stage.width);
      }
    },
  );

  test("the chosen face is written out, if there is no room either", () => {
    const faces = Array.from({ length: 25 }, (_, i) => face(20 * (i % 5), 20 * Math.floor(i / 5), 18));
    const stage = { width: 100, height: 100 };
    expect(placeLabels(faces, stage)[12]?.form).not.toBe(0);
    const placed = rects(placeLabels(faces, stage, 12));
    expect(placed[12]).toMatchObject({ width: 90 });
    for (const [i, label] of placed.entries())
      if (label && i !== 12) expect(common(label, placed[12] as Rect)).toBe(0);
  });
});

describe("a tap", () => {
  const boxes = [face(0, 0, 10).box, face(30, 0, 10).box, face(100, 100, 60).box, face(120, 120, 10).box];
  test.each([
    ["in a box", { x: 35, y: 5 }, 1],
    ["beside a small box", { x: 50, y: 5 }, 1],
    ["in a box within a box", { x: 124, y: 124 }, 3],
    ["in the outer of the two", { x: 155, y: 155 }, 2],
    ["far from all", { x: 70, y: 60 }, undefined],
  ])("%s", (_, point, expected) => {
    expect(faceAt(boxes, point)).toBe(expected);
  });
});
