/**
 * Compares the augmentation graph in ONNX Runtime with a plain reference that works pixel by pixel and step by step.
 */

import { describe, expect, test } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { openSession } from "../runtime/session.node.ts";
import { random } from "../util/random.ts";
import type { Tensor } from "../util/tensor.ts";
import type { Canvas } from "./canvas.ts";
import type { Geometry } from "./geometry.ts";
import { drawMixing, type Mixing } from "./mixing.ts";
import { type Augmentation, noAugmentation, referenceAugmentation } from "./settings.ts";
import { augmentedViews, buildTraining, type Draw, drawTraining, packDraws } from "./training.ts";

interface Picture {
  readonly width: number;
  readonly height: number;
  /** Channel, row, column; 0 to 255. */
  readonly pixels: readonly number[][][];
}

type Plane = number[][];

const size = 17;
const rgb = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const grey = { mean: [0.5], std: [0.25] };

/** Only the last one fills the canvas. */
const extents = [
  [14, 20],
  [22, 9],
  [18, 16],
  [24, 20],
] as const;

function noise(channels: number): Picture[] {
  return extents.map(([width, height], n) => {
    const rng = random("noise", channels, n);
    const row = (): number[] => Array.from({ length: width }, () => rng.integer(256));
    const plane = (): Plane => Array.from({ length: height }, row);
    return { width, height, pixels: Array.from({ length: channels }, plane) };
  });
}

function pack(pictures: readonly Picture[], { width, height, channels }: Canvas): Tensor {
  const data = new Uint8Array(pictures.length * channels * height * width);
  for (const [n, { pixels }] of pictures.entries()) {
    for (const [c, plane] of pixels.entries()) {
      for (const [y, row] of plane.entries()) data.set(row, ((n * channels + c) * height + y) * width);
    }
  }
  return { dtype: "uint8", shape: [pictures.length, channels, height, width], data };
}

interface Case {
  readonly settings: Augmentation;
  readonly pictures: readonly Picture[];
  readonly preprocessing: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly size: number;
}

function drawAll({ settings, pictures, size }: Case): { draws: Draw[]; mixing: Mixing | undefined } {
  return {
    draws: pictures.map((picture, i) => drawTraining(settings, ["test", i], picture, size)),
    mixing: drawMixing(settings, pictures.length, size, ["test", "mixup"]),
  };
}

async function inRuntime(one: Case, canvas: Omit<Canvas, "channels">): Promise<Float32Array> {
  const { settings, pictures, preprocessing, size } = one;
  const full = { ...canvas, channels: pictures[0]?.pixels.length as 1 | 3 };
  const graph = new Graph();
  const options = { batch: pictures.length, canvas: full, size, ...preprocessing };
  graph.output("y", buildTraining(graph, settings, options));
  const session = await openSession(encode(graph, "augment"), { device: "cpu", threads: 1 });
  const { draws, mixing } = drawAll(one);
  const feeds = packDraws(settings, draws, pictures, full, mixing);
  const { y } = await session.run({ pictures: pack(pictures, full), ...feeds });
  await session.release();
  return y?.data as Float32Array;
}

/** The same without matrices: each position and each pixel passes through every step. */
function inReference(one: Case): number[] {
  const { pictures, preprocessing, size } = one;
  const { mean, std } = preprocessing;
  const { draws, mixing } = drawAll(one);
  const results = pictures.map((picture, n) => {
    const draw = draws[n] as Draw;
    const seen = picture.pixels.map((plane) =>
      grid(size, (x, y) => bilinear(plane, place(picture, draw.geometry, x, y))),
    );
    const coloured = colourful(seen, draw.colour);
    const source = mean.length === 1 && coloured.length === 3 ? [lumaOf(coloured)] : coloured;
    const [left, top, right, bottom] = draw.box;
    return mean
      .map((m, c) =>
        grid(size, (x, y) => {
          if (x >= left && x < right && y >= top && y < bottom) return 0;
          return (
            (((source[c] ?? source[0]) as Plane)[y]?.[x] as number) / (std[c] as number) -
            m / (std[c] as number)
          );
        }).flat(),
      )
      .flat();
  });
  if (!mixing) return results.flat();
  return results.flatMap((own, n) => {
    const [other, share] = [results[mixing.partner[n] as number] as number[], mixing.weight[n] as number];
    const [left, top, right, bottom] = mixing.box;
    if (right === 0) return own.map((value, i) => share * value + (1 - share) * (other[i] as number));
    return own.map((value, i) => {
      const [x, y] = [i % size, Math.floor(i / size) % size];
      return x >= left && x < right && y >= top && y < bottom ? (other[i] as number) : value;
    });
  });
}

function grid(size: number, f: (x: number, y: number) => number): Plane {
  return Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => f(x, y)));
}

/** Returns the column and row of the image seen at pixel (i, j) of the result, undoing the last transform first. */
function place(picture: Picture, geometry: Geometry, i: number, j: number): [number, number] {
  let [x, y] = [(2 * (i + 0.5)) / size - 1, (2 * (j + 0.5)) / size - 1];
  if (geometry.corners) [x, y] = throughPerspective(geometry.corners, x, y);
  [x, y] = [x - 2 * geometry.shift[0], y - 2 * geometry.shift[1]];
  [x, y] = [x / geometry.scale, y / geometry.scale];
  if (geometry.flip) x = -x;
  const angle = Math.atan2(-y, x) - (geometry.degrees / 180) * Math.PI;
  const radius = Math.hypot(x, y);
  [x, y] = [radius * Math.cos(angle), -radius * Math.sin(angle)];
  const { left, top, width, height } = geometry.crop;
  return [
    (left + ((x + 1) / 2) * width) * picture.width - 0.5,
    (top + ((y + 1) / 2) * height) * picture.height - 0.5,
  ];
}

/** torchvision's method: eight equations map the moved corners to the square's. */
function throughPerspective(moved: NonNullable<Geometry["corners"]>, x: number, y: number): [number, number] {
  const square = [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ] as const;
  const rows = square.flatMap(([u, v], k) => {
    const [dx, dy] = moved[k] as readonly [number, number];
    const [a, b] = [u * (1 - dx), v * (1 - dy)];
    return [
      [a, b, 1, 0, 0, 0, -u * a, -u * b, u],
      [0, 0, 0, a, b, 1, -v * a, -v * b, v],
    ];
  });
  const c = solve(rows);
  const at = (i: number): number => c[i] as number;
  const w = at(6) * x + at(7) * y + 1;
  return [(at(0) * x + at(1) * y + at(2)) / w, (at(3) * x + at(4) * y + at(5)) / w];
}

/** Gauss-Jordan elimination with pivoting, on rows that end in the right-hand side. */
function solve(rows: number[][]): number[] {
  const n = rows.length;
  const m = rows.map((row) => [...row]);
  for (let k = 0; k < n; k++) {
    const best = m.slice(k).reduce((a, b) => (Math.abs(b[k] as number) > Math.abs(a[k] as number) ? b : a));
    m.splice(m.indexOf(best), 1);
    m.splice(
      k,
      0,
      best.map((v) => v / (best[k] as number)),
    );
    for (const [i, row] of m.entries()) {
      if (i === k) continue;
      const factor = row[k] as number;
      m[i] = row.map((v, j) => v - factor * ((m[k] as number[])[j] as number));
    }
  }
  return m.map((row) => row[n] as number);
}

/** From 0 to 1; taps beyond the image are black. */
function bilinear(plane: Plane, [column, row]: readonly [number, number]): number {
  const [x, y] = [Math.floor(column), Math.floor(row)];
  const tap = (i: number, j: number): number => plane[j]?.[i] ?? 0;
  const [u, v] = [column - x, row - y];
  const upper = tap(x, y) * (1 - u) + tap(x + 1, y) * u;
  const lower = tap(x, y + 1) * (1 - u) + tap(x + 1, y + 1) * u;
  return (upper * (1 - v) + lower * v) / 255;
}

const clamp = (v: number): number => Math.min(1, Math.max(0, v));

function lumaOf(planes: readonly Plane[]): Plane {
  if (planes.length === 1) return planes[0] as Plane;
  return grid(
    size,
    (x, y) =>
      0.2989 * value(planes, 0, x, y) + 0.587 * value(planes, 1, x, y) + 0.114 * value(planes, 2, x, y),
  );
}

function value(planes: readonly Plane[], c: number, x: number, y: number): number {
  return planes[c]?.[y]?.[x] as number;
}

function colourful(planes: readonly Plane[], draw: Draw["colour"]): readonly Plane[] {
  const each = (from: readonly Plane[], f: (v: number, x: number, y: number) => number): Plane[] =>
    from.map((plane) => plane.map((row, y) => row.map((v, x) => f(v, x, y))));
  let now = each(planes, (v) => clamp(v * draw.brightness));
  const mean =
    lumaOf(now)
      .flat()
      .reduce((a, b) => a + b) /
    (size * size);
  now = each(now, (v) => clamp(draw.contrast * v + (1 - draw.contrast) * mean));
  if (planes.length === 1) return now;
  const before = lumaOf(now);
  now = each(now, (v, x, y) =>
    clamp(draw.saturation * v + (1 - draw.saturation) * (before[y]?.[x] as number)),
  );
  const turned = grid(size, () => 0).map((row, y) =>
    row.map((_, x) => turnedHue([value(now, 0, x, y), value(now, 1, x, y), value(now, 2, x, y)], draw.hue)),
  );
  now = now.map((plane, c) => plane.map((row, y) => row.map((_, x) => turned[y]?.[x]?.[c] as number)));
  const luma = lumaOf(now);
  return draw.gray ? [luma, luma, luma] : now;
}

/** Converts to HSV, rotates, and converts back by the six sectors. */
function turnedHue([r, g, b]: readonly [number, number, number], turn: number): number[] {
  const v = Math.max(r, g, b);
  const chroma = v - Math.min(r, g, b);
  if (chroma === 0) return [r, g, b];
  const s = chroma / v;
  const sixths = v === r ? (g - b) / chroma : v === g ? 2 + (b - r) / chroma : 4 + (r - g) / chroma;
  const h = (((sixths / 6 + turn) % 1) + 1) % 1;
  const sector = Math.floor(h * 6);
  const f = h * 6 - sector;
  const [p, q, t] = [v * (1 - s), v * (1 - s * f), v * (1 - s * (1 - f))];
  return [
    [v, t, p],
    [q, v, p],
    [p, v, t],
    [p, q, v],
    [t, p, v],
    [v, p, q],
  ][sector % 6] as number[];
}

const alone: Record<string, Partial<Augmentation>> = {
  nothing: {},
  crop: { randomResizedCrop: { scale: [0.3, 0.8], ratio: [3 / 4, 4 / 3] } },
  rotation: { rotation: 60 },
  flip: { horizontalFlip: 1 },
  affine: { affine: { translate: 0.3, scale: [0.7, 1.3] } },
  perspective: { perspective: { distortion: 0.5, probability: 1 } },
  brightness: { brightness: 0.8 },
  contrast: { contrast: 0.8 },
  saturation: { saturation: 0.9 },
  hue: { hue: 0.5 },
  grayscale: { grayscale: 0.5 },
  erasing: { erasing: { probability: 1, scale: [0.1, 0.4], ratio: [0.3, 3.3] } },
  mixup: { mixup: 1 },
  cutmix: { cutmix: 1 },
};

const combinations: [string, Augmentation][] = [
  ...Object.entries(alone).map(([name, one]): [string, Augmentation] => [
    name,
    { ...noAugmentation, ...one },
  ]),
  ["all of them", Object.assign({}, noAugmentation, ...Object.values(alone)) as Augmentation],
  ["the reference's", referenceAugmentation],
];

test("all of them are cut together or blended, as the draw says", () => {
  const both = { mixup: 1, cutmix: 1 };
  const boxes = Array.from({ length: 40 }, (_, i) => drawMixing(both, 2, size, [i])?.box[2]);
  expect(boxes.some((right) => right === 0)).toBe(true);
  expect(boxes.some((right) => right !== 0)).toBe(true);
});

/** Returns the maximum difference of two normalised results, in grey levels. */
function levelsApart(a: ArrayLike<number>, b: ArrayLike<number>, std: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return (
    Array.from(a, (v, i) => Math.abs(v - (b[i] as number))).reduce((x, y) => Math.max(x, y)) *
    255 *
    Math.max(...std)
  );
}

describe.each([
  ["grey for RGB", 1, rgb],
  ["RGB for RGB", 3, rgb],
  ["grey for grey", 1, grey],
  ["RGB for grey", 3, grey],
] as const)("%s", (_, channels, preprocessing) => {
  test.each(combinations)("%s", async (_, settings) => {
    const one = { settings, pictures: noise(channels), preprocessing, size };
    const result = await inRuntime(one, { width: 24, height: 20 });
    expect(levelsApart(result, inReference(one), preprocessing.std)).toBeLessThan(0.1);
  });
});

test("with everything off, an image of the training size stays as it is on any canvas", async () => {
  const [picture] = noise(1) as [Picture];
  const square = { width: 14, height: 14, pixels: [(picture.pixels[0] as Plane).slice(0, 14)] };
  const plain = { mean: [0], std: [1] };
  for (const canvas of [
    { width: 14, height: 14 },
    { width: 40, height: 15 },
  ]) {
    const one = { settings: noAugmentation, pictures: [square], preprocessing: plain, size: 14 };
    const result = await inRuntime(one, canvas);
    expect(
      levelsApart(
        result,
        square.pixels.flat(2).map((v) => v / 255),
        [1],
      ),
    ).toBeLessThan(0.01);
  }
});

test("what lies beyond an image is black, also where the canvas goes on", async () => {
  const white = { width: 10, height: 10, pixels: [grid(10, () => 255)] };
  const settings = { ...noAugmentation, affine: { translate: 0, scale: [0.5, 0.5] as const } };
  const one = { settings, pictures: [white], preprocessing: { mean: [0], std: [1] }, size: 20 };
  const result = await inRuntime(one, { width: 30, height: 30 });
  const row = Array.from(result.subarray(200, 220), (v) => Math.round(v * 1000) / 1000);
  expect(row).toEqual([...Array(5).fill(0), ...Array(10).fill(1), ...Array(5).fill(0)]);
});

test("two networks see the same draw, each at its own size and normalisation", async () => {
  const settings = {
    ...noAugmentation,
    horizontalFlip: 1,
    cutmix: 1,
    erasing: { probability: 1, scale: [0.1, 0.3], ratio: [0.5, 2] },
  } as const;
  const pictures = [40, 200].map((level) => ({ width: 16, height: 16, pixels: [grid(16, () => level)] }));
  const canvas = { width: 16, height: 16, channels: 1 } as const;
  const [plain, scaled] = [
    { size: 6, mean: [0], std: [1] },
    { size: 12, mean: [0.5], std: [0.25] },
  ];
  const graph = new Graph();
  const view = augmentedViews(graph, settings, { batch: 2, canvas, size: 6 });
  expect(view(plain)).toBe(view({ ...plain }));
  graph.output("small", view(plain));
  graph.output("large", view(scaled));
  const session = await openSession(encode(graph, "augment"), { device: "cpu", threads: 1 });
  const draws = pictures.map((picture, i) => drawTraining(settings, ["views", i], picture, 6));
  const mixing = drawMixing(settings, 2, 6, ["views", 3]) as Mixing;
  expect(mixing.box[2] - mixing.box[0]).toBeGreaterThan(0);
  const feeds = packDraws(settings, draws, pictures, canvas, { ...mixing, partner: Int32Array.of(1, 0) });
  const { small, large } = await session.run({ pictures: pack(pictures, canvas), ...feeds });
  await session.release();
  const [a, b] = [small?.data, large?.data] as [Float32Array, Float32Array];
  for (const [i, value] of a.entries()) {
    const [n, y, x] = [Math.floor(i / 36), Math.floor((i % 36) / 6), i % 6];
    // Erased pixels have the mean of each network's own images, 0.
    const erased = value === 0 ? 0 : (value - 0.5) / 0.25;
    for (const place of [0, 1, 12, 13])
      expect(b[n * 144 + 2 * y * 12 + 2 * x + place]).toBeCloseTo(erased, 4);
  }
});
