/**
 * A few long images do not enlarge the canvas of all others, and the network sees the same part of them as before.
 */

import { describe, expect, test } from "vitest";
import type { Canvas } from "../augment/canvas.ts";
import { type Augmentation, noAugmentation, referenceAugmentation } from "../augment/settings.ts";
import { buildTraining, type Draw, drawTraining, packDraws, placedForDraw } from "../augment/training.ts";
import { buildValidation, packValidation, placedCentre } from "../augment/validation.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { openSession } from "../runtime/session.node.ts";
import type { Tensors } from "../runtime/session.ts";
import { random } from "../util/random.ts";
import { canvasOf, packPictures } from "./canvas.ts";
import type { Picture } from "./dataset.ts";

const SIZE = 48;
const plain = { mean: [0, 0, 0], std: [1, 1, 1] };

/** Blocks of colour a few pixels wide, so that a shift of one pixel shows. */
function picture(width: number, height: number): Picture {
  const rng = random("canvas", width, height);
  const blocks = Array.from({ length: 3 * Math.ceil(width / 3) * Math.ceil(height / 3) }, () =>
    rng.integer(256),
  );
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++)
        pixels[(y * width + x) * 3 + c] = blocks[
          3 * (Math.floor(y / 3) * Math.ceil(width / 3) + Math.floor(x / 3)) + c
        ] as number;
  return { pixels, width, height, channels: 3 };
}

/** The former canvas, which contains every image completely. */
const whole = (pictures: readonly Picture[]): Canvas => ({
  width: Math.max(...pictures.map(({ width }) => width)),
  height: Math.max(...pictures.map(({ height }) => height)),
  channels: 3,
});

async function outputOf(build: (graph: Graph) => void, feeds: Tensors): Promise<Float32Array> {
  const graph = new Graph();
  build(graph);
  const session = await openSession(encode(graph, "canvas"), { device: "cpu", threads: 1 });
  const { y } = await session.run(feeds);
  await session.release();
  return y?.data as Float32Array;
}

function validated(pictures: readonly Picture[], canvas: Canvas, resize: number): Promise<Float32Array> {
  const batch = pictures.length;
  const onCanvas = pictures.map((one) => placedCentre(one, canvas, SIZE, resize));
  return outputOf(
    (graph) => graph.output("y", buildValidation(graph, { batch, canvas, size: SIZE, ...plain })),
    {
      pictures: packPictures(onCanvas, canvas),
      ...packValidation(onCanvas, SIZE, resize),
    },
  );
}

function trained(
  pictures: readonly Picture[],
  canvas: Canvas,
  settings: Augmentation,
  key: number,
): Promise<Float32Array> {
  const draws = pictures.map((one, i) => drawTraining(settings, ["canvas", key, i], one, SIZE));
  const onCanvas = pictures.map((one, i) => placedForDraw(one, draws[i] as Draw, canvas));
  const options = { batch: pictures.length, canvas, size: SIZE, ...plain };
  return outputOf((graph) => graph.output("y", buildTraining(graph, settings, options)), {
    pictures: packPictures(onCanvas, canvas),
    ...packDraws(settings, draws, onCanvas, canvas),
  });
}

const difference = (a: Float32Array, b: Float32Array): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] as number))), 0);

const long = [picture(300, 20), picture(17, 250), picture(131, 30)];
const ordinary = [picture(60, 60), picture(40, 80), picture(64, 50)];

test("a canvas is bounded by what the network can tell apart", () => {
  const shapes = [
    ...Array.from({ length: 64 }, () => ({ width: 64, height: 64, channels: 3 as const })),
    { width: 1200, height: 60, channels: 3 as const },
    { width: 60, height: 1200, channels: 3 as const },
  ];
  expect(canvasOf(shapes, 64)).toEqual({ width: 80, height: 80, channels: 3 });
  expect(canvasOf([{ width: 280, height: 2800, channels: 1 }], 224)).toEqual({
    width: 280,
    height: 286,
    channels: 1,
  });
});

test("images of up to 1:2 lie on the canvas as they are, and so does any that fits", () => {
  const canvas = canvasOf(ordinary, SIZE);
  expect(canvas).toEqual(whole(ordinary));
  for (const one of ordinary) {
    expect(placedCentre(one, canvas, SIZE, 1)).toBe(one);
    const draw = drawTraining(referenceAugmentation, ["ordinary"], one, SIZE);
    expect(placedForDraw(one, draw, canvas)).toBe(one);
  }
  const small = picture(50, 10);
  expect(placedCentre(small, canvas, SIZE, 1)).toBe(small);
});

describe("a long image", () => {
  test.each([1, 256 / 224, 1.25])("looks the same in validation, resized by %f", async (resize) => {
    const pictures = [...ordinary, ...long, picture(700, 100), picture(61, 610)];
    const canvas = canvasOf(pictures, SIZE);
    expect(canvas.width * canvas.height).toBeLessThan((whole(pictures).width * whole(pictures).height) / 20);
    const [now, before] = [
      await validated(pictures, canvas, resize),
      await validated(pictures, whole(pictures), resize),
    ];
    expect(difference(now, before)).toBeLessThan(1e-4);
  });

  test("looks the same in training where a part of it is cropped", async () => {
    const pictures = [...ordinary, ...long];
    const canvas = canvasOf(pictures, SIZE);
    for (let key = 0; key < 10; key++) {
      const settings = { ...referenceAugmentation, erasing: null };
      const [now, before] = [
        await trained(pictures, canvas, settings, key),
        await trained(pictures, whole(pictures), settings, key),
      ];
      // GridSample takes positions as float32, which are less precise in pixels on a wider canvas.
      expect(difference(now, before), `draw ${key}`).toBeLessThan(2e-3);
    }
  });

  test("is reduced without aliasing in training when all of it is seen", async () => {
    const pixels = new Uint8Array(1200 * 20 * 3);
    // Stripes too fine to resolve in 48 pixels, over a gradient from left to right.
    for (let i = 0; i < pixels.length; i++) {
      const x = Math.floor(i / 3) % 1200;
      pixels[i] = 50 + Math.round(x / 12) + (x % 2 ? 50 : -50);
    }
    const stripes: Picture = { pixels, width: 1200, height: 20, channels: 3 };
    const values = await trained([stripes], canvasOf([stripes], SIZE), noAugmentation, 0);
    const row = values.subarray(10 * SIZE, 11 * SIZE);
    for (const [x, value] of row.entries()) {
      const slope = (50 + (100 * (x + 0.5)) / SIZE) / 255;
      if (x > 0 && x < SIZE - 1) expect(Math.abs(value - slope), `column ${x}`).toBeLessThan(0.01);
    }
  });
});
