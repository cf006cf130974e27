/**
 * Compares colour, normalisation, erasing, resizing and cropping with torchvision's results
 * (test/reference/transforms.py).
 */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { formulaPicture } from "../../test/reference/formula.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import { openSession } from "../runtime/session.node.ts";
import { type FloatTensor, floatTensor, type Tensor } from "../util/tensor.ts";
import { type ColourDraw, colour, colourNames } from "./colour.ts";
import { erase } from "./erasing.ts";
import { normalise } from "./normalise.ts";
import { buildAnySize, buildValidation, packValidation } from "./validation.ts";

interface Reference {
  readonly cases: readonly {
    readonly name: string;
    readonly options: Readonly<Record<string, number>>;
    readonly pixels: readonly number[];
  }[];
  readonly validation: readonly {
    readonly name: string;
    readonly width: number;
    readonly height: number;
    readonly resize: number;
    readonly crop: number;
    readonly corners: readonly (readonly [number, number])[];
    readonly patches: readonly (readonly number[])[];
    readonly mean: readonly number[];
  }[];
}

const file = new URL("../../test/reference/transforms.json", import.meta.url);
const { cases, validation } = JSON.parse(readFileSync(file, "utf8")) as Reference;

/** Both sides compute in float32 from 0 to 1; this is 1/400 of a grey level. */
const TOLERANCE = 1e-5;
const plain = { mean: [0, 0, 0], std: [1, 1, 1] };
const side = 16;
const plane = side * side;

async function run(graph: Graph, y: Value, feeds: Record<string, Tensor>): Promise<Float32Array> {
  graph.output("y", y);
  const session = await openSession(encode(graph, "transform"), { device: "cpu", threads: 1 });
  const result = await session.run(feeds);
  await session.release();
  return result.y?.data as Float32Array;
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  const apart = expected.map((v, i) => Math.abs(v - (actual[i] as number)));
  expect(apart.reduce((a, b) => Math.max(a, b))).toBeLessThan(TOLERANCE);
}

/** Returns the factors of a case by our names; "all" has several. */
function factorsOf({ name, options }: Reference["cases"][number]): Partial<ColourDraw> {
  if (name === "grayscale") return { gray: 1 };
  const { factor, ...several } = options;
  return factor === undefined ? several : { [name.split(" ")[0] as string]: factor };
}

/** "erase" follows "normalize" and uses its mean and deviation. */
const { mean, std } = (cases.find(({ name }) => name === "normalize") as never as { options: typeof plain })
  .options;

test.each(cases.map((one) => [`${one.name} ${JSON.stringify(one.options)}`, one] as const))(
  "%s",
  async (_, one) => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [1, 3, side, side]);
    const picture = formulaPicture("jitter", side, side).data;
    const grey = picture.slice(0, plane);
    const pixels = one.name === "hue of grey" ? [...grey, ...grey, ...grey] : picture;
    let y: Value;
    if (one.name === "normalize" || one.name === "erase") {
      y = normalise(x, mean, std);
      const { top = 0, left = 0, height = 0, width = 0 } = one.options;
      const box = Float32Array.of(left, top, left + width, top + height);
      if (one.name === "erase") y = erase(y, graph.constant("float32", [1, 4], box));
    } else {
      const factors = Object.entries(factorsOf(one));
      for (const [name] of factors) expect(colourNames).toContain(name);
      const constant = (v: number): Value => graph.constant("float32", [1, 1, 1, 1], Float32Array.of(v));
      y = colour(x, Object.fromEntries(factors.map(([name, v]) => [name, constant(v)])));
    }
    const result = await run(graph, y, { x: floatTensor([1, 3, side, side], pixels) });
    const rows = [0, 1, 2].flatMap((c) => [0, 5, 15].map((row) => c * plane + row * side));
    expectClose(
      rows.flatMap((start) => [...result.subarray(start, start + side)]),
      one.pixels,
    );
  },
);

/**
 * The two ways to prepare an image outside training: on a canvas of bytes, and by a graph that determines the image's
 * size.
 */
const ways: Record<
  string,
  (picture: FloatTensor, one: Reference["validation"][number]) => Promise<Float32Array>
> = {
  "on a canvas": ({ data }, { width, height, crop, resize }) => {
    const graph = new Graph();
    const canvas = { width: width + 7, height: height + 3, channels: 3 } as const;
    const bytes = new Uint8Array(3 * canvas.height * canvas.width);
    for (let row = 0; row < 3 * height; row++) {
      const start = (Math.floor(row / height) * canvas.height + (row % height)) * canvas.width;
      const levels = data.subarray(row * width, (row + 1) * width).map((v) => Math.round(v * 255));
      bytes.set(levels, start);
    }
    return run(graph, buildValidation(graph, { batch: 1, canvas, size: crop, ...plain }), {
      pictures: { dtype: "uint8", shape: [1, 3, canvas.height, canvas.width], data: bytes },
      ...packValidation([{ width, height }], crop, resize / crop),
    });
  },
  "of any size": ({ data }, { width, height, crop, resize }) => {
    const graph = new Graph();
    const x = graph.input("x", "float32", [1, 3, "H", "W"]);
    const y = buildAnySize(x, { size: crop, resize: resize / crop, ...plain });
    return run(graph, y, { x: floatTensor([1, 3, height, width], data) });
  },
};

test.each(
  validation.flatMap((one) => Object.entries(ways).map(([name, way]) => [one.name, name, one, way] as const)),
)("resize and crop: %s, %s", async (_, __, one, way) => {
  const picture = formulaPicture(`validation.${one.width}.${one.height}`, one.height, one.width);
  const result = await way(picture, one);
  const { crop } = one;
  const at = (c: number, y: number, x: number): number => result[(c * crop + y) * crop + x] as number;
  const three = [0, 1, 2];
  for (const [i, [top, left]] of one.corners.entries()) {
    const patch = three.flatMap((c) => three.flatMap((y) => three.map((x) => at(c, top + y, left + x))));
    expectClose(patch, one.patches[i] as readonly number[]);
  }
  const means = three.map(
    (c) => result.subarray(c * crop * crop, (c + 1) * crop * crop).reduce((a, b) => a + b) / crop ** 2,
  );
  expectClose(means, one.mean);
});
