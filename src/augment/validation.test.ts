/** Compares resizing and cropping in ONNX Runtime with Pillow's algorithm written as loops. */

import { expect, test } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { openSession } from "../runtime/session.node.ts";
import { UsageError } from "../util/errors.ts";
import { random } from "../util/random.ts";
import { floatTensor } from "../util/tensor.ts";
import { buildAnySize, buildValidation, packValidation } from "./validation.ts";

type Plane = readonly (readonly number[])[];

/** Smaller and larger than the result, wide and tall. */
const extents = [
  [40, 31],
  [23, 37],
  [9, 7],
  [16, 16],
  [5, 29],
] as const;
const canvas = { width: 40, height: 37 };

function noise(channels: number): Plane[][] {
  return extents.map(([width, height], n) => {
    const rng = random("validation", channels, n);
    const row = (): number[] => Array.from({ length: width }, () => rng.integer(256));
    return Array.from({ length: channels }, () => Array.from({ length: height }, row));
  });
}

/** Pillow's precompute_coeffs and one pass of its resampling, without its rounding to bytes. */
function resizeRow(row: readonly number[], length: number): number[] {
  const scale = row.length / length;
  const support = Math.max(scale, 1);
  return Array.from({ length }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(Math.trunc(centre - support + 0.5), 0);
    const end = Math.min(Math.trunc(centre + support + 0.5), row.length);
    let [sum, total] = [0, 0];
    for (let j = first; j < end; j++) {
      const weight = Math.max(0, 1 - Math.abs((j - centre + 0.5) / support));
      total += weight;
      sum += weight * (row[j] as number);
    }
    return sum / total;
  });
}

const transposed = (plane: Plane): number[][] =>
  (plane[0] ?? []).map((_, x) => plane.map((row) => row[x] as number));

/** torchvision's Resize(target) and CenterCrop(size). */
function reference(plane: Plane, size: number, target: number): number[] {
  const [height, width] = [plane.length, (plane[0] as number[]).length];
  const long = Math.trunc((target * Math.max(width, height)) / Math.min(width, height));
  const [w, h] = width <= height ? [target, long] : [long, target];
  const across = plane.map((row) => resizeRow(row, w));
  const both = transposed(transposed(across).map((column) => resizeRow(column, h)));
  const round = (v: number): number =>
    v % 1 === 0.5 && Math.floor(v) % 2 === 0 ? Math.floor(v) : Math.round(v);
  const [top, left] = [round((h - size) / 2), round((w - size) / 2)];
  return both.slice(top, top + size).flatMap((row) => row.slice(left, left + size));
}

test.each([
  [1, 12, 256 / 224],
  [3, 12, 256 / 224],
  [1, 11, 1],
  [3, 24, 1.25],
] as const)("%i channel(s) to %i pixels, resized by %f", async (channels, size, resize) => {
  const pictures = noise(channels);
  const full = { ...canvas, channels };
  const plane = canvas.width * canvas.height;
  const data = new Uint8Array(pictures.length * channels * plane);
  for (const [n, planes] of pictures.entries()) {
    for (const [c, rows] of planes.entries()) {
      for (const [y, row] of rows.entries()) data.set(row, (n * channels + c) * plane + y * canvas.width);
    }
  }
  const [mean, std] = [
    [0.5, 0.4, 0.3],
    [0.2, 0.25, 0.3],
  ];
  const graph = new Graph();
  graph.output("y", buildValidation(graph, { batch: "N", canvas: full, size, mean, std }));
  const session = await openSession(encode(graph, "validation"), { device: "cpu", threads: 1 });
  const { y } = await session.run({
    pictures: { dtype: "uint8", shape: [pictures.length, channels, canvas.height, canvas.width], data },
    ...packValidation(
      extents.map(([width, height]) => ({ width, height })),
      size,
      resize,
    ),
  });
  await session.release();
  const expected = pictures.flatMap((planes) =>
    mean.flatMap((m, c) =>
      reference((planes[c] ?? planes[0]) as Plane, size, Math.round(size * resize)).map(
        (v) => (v / 255 - m) / (std[c] as number),
      ),
    ),
  );
  expect(y?.shape).toEqual([pictures.length, 3, size, size]);
  for (const [i, v] of expected.entries()) expect(Math.abs((y?.data[i] as number) - v)).toBeLessThan(1e-4);
});

test.each(extents)("images of %i×%i px, known only when the graph runs", async (width, height) => {
  const [size, factor, mean, std] = [12, 256 / 224, [0.5], [0.2]];
  const graph = new Graph();
  const x = graph.input("pictures", "float32", ["N", 1, "H", "W"]);
  graph.output("y", buildAnySize(x, { size, resize: factor, mean, std }));
  const session = await openSession(encode(graph, "any size"), { device: "cpu", threads: 1 });
  const rng = random("any size", width, height);
  const planes = [0, 1].map(() =>
    Array.from({ length: height }, () => Array.from({ length: width }, () => rng.uniform(0, 1))),
  );
  const { y } = await session.run({ pictures: floatTensor([2, 1, height, width], planes.flat(2)) });
  await session.release();
  const expected = planes.flatMap((plane) =>
    reference(plane, size, Math.round(size * factor)).map((v) => (v - 0.5) / 0.2),
  );
  expect(y?.shape).toEqual([2, 1, size, size]);
  for (const [i, v] of expected.entries()) expect(Math.abs((y?.data[i] as number) - v)).toBeLessThan(1e-4);
});

test("a crop larger than what it is cut from is refused", () => {
  expect(() => packValidation([{ width: 9, height: 9 }], 8, 0.5)).toThrow(UsageError);
});
