/** Finding faces: against face-api.js on the same pictures, on panoramas, and with models that are no detectors. */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import { bundleInput } from "../src/evaluate/run-bundle.ts";
import { encode } from "../src/graph/encode.ts";
import { Graph } from "../src/graph/graph.ts";
import { cast } from "../src/ops/cast.ts";
import { relu } from "../src/ops/relu.ts";
import { type Box, clipped, type DetectedFace, overlapOf } from "../src/predict/boxes.ts";
import type { FaceDetector } from "../src/predict/face-detector.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { decodeDetector, openDetector } from "../src/predict/onnx-detector.ts";
import { loadDetector } from "../src/predict/shipped-detector.node.ts";
import type { Program } from "../src/program/program.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import type { Engine } from "../src/runtime/engine.ts";
import { composite, drawnFaces, eyesFaces, scenes } from "./support/composites.ts";
import { ferFaces, hasFer2013 } from "./support/fer2013.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(fileURLToPath(new URL(`reference/${name}`, import.meta.url)), "utf8"));
const eyesReference = read("eyes.json") as number[][];
const reference = read("face-boxes.json") as {
  scoreThreshold: number;
  fer2013: Record<string, number[][]>;
  drawn: Record<string, number[][]>;
};
const engine = startEngine({ device: "cpu", threads: 2 });
afterAll(() => engine.close());

const open = async (settings = {}): Promise<FaceDetector> =>
  openDetector(engine, await loadDetector(undefined, settings));

describe("face-api.js finds the same (bench/peers/face-boxes.ts)", () => {
  let detector: FaceDetector;
  beforeAll(async () => {
    detector = await open({ threshold: reference.scoreThreshold });
  });

  const compare = async (
    faces: readonly Picture[],
    expected: Record<string, number[][]>,
  ): Promise<number> => {
    let boxes = 0;
    for (const { name, picture } of scenes(faces)) {
      const found = await detector.detect(picture);
      const wanted = expected[name] as number[][];
      // Where it finds nothing, ours looks again.
      if (wanted.length === 0 && name !== "none") continue;
      expect(found, name).toHaveLength(wanted.length);
      for (const [x = 0, y = 0, width = 0, height = 0, score = 0] of wanted) {
        const box = clipped({ x, y, width, height }, picture) as Box;
        const same = found.find((face) => overlapOf(face.box, box) > 0.9);
        expect(same, `${name}: ${[x, y, width, height].join(" ")}`).toBeDefined();
        for (const side of ["x", "y", "width", "height"] as const)
          expect(Math.abs((same?.box[side] ?? 0) - box[side])).toBeLessThan(0.1);
        expect(Math.abs((same?.score ?? 0) - score)).toBeLessThan(2e-3);
        boxes++;
      }
    }
    return boxes;
  };

  test("in scenes of drawn faces", async () => {
    expect(await compare(drawnFaces(24), reference.drawn)).toBeGreaterThan(35);
  });
  test.skipIf(!hasFer2013)("in scenes of FER2013's faces", async () => {
    expect(await compare(await ferFaces(4), reference.fer2013)).toBeGreaterThan(40);
  });
});

test("eyes are where face-api.js sees them (bench/peers/eyes.ts)", async () => {
  const eyes = await engine.open((await loadDetector()).eyes as Program);
  const pictures = bundleInput(eyesFaces(), "uint8");
  const found = (await eyes.run({ pictures })).eyes?.data as Float32Array;
  const wanted = eyesReference.flat();
  expect(found).toHaveLength(wanted.length);
  for (const [i, value] of wanted.entries())
    expect(Math.abs((found[i] as number) - value)).toBeLessThan(1e-3);
});

test("a face that leans is turned upright before it is classified", async () => {
  const detector = await open({ threshold: 0.3 });
  const seen = { inputSize: 48, resize: 1 };
  const cropAt = async (angle: number): Promise<Picture & { tilt: number }> => {
    const canvas = composite(416, 416, [{ face, x: 208, y: 208, side: 120, angle, whole: true }]);
    const [found] = await detector.detect(canvas);
    return { ...faceCrop(canvas, found as DetectedFace, seen), tilt: found?.tilt ?? Number.NaN };
  };
  const straight = await cropAt(0);
  const difference = ({ pixels }: Picture): number =>
    pixels.reduce((sum, value, i) => sum + Math.abs(value - (straight.pixels[i] as number)), 0) /
    pixels.length;
  for (const angle of [-25, 25]) {
    const leaning = await cropAt(angle);
    expect(Math.abs(leaning.tilt - straight.tilt - angle), `tilt at ${angle}`).toBeLessThan(12);
    const canvas = composite(416, 416, [{ face, x: 208, y: 208, side: 120, angle, whole: true }]);
    const [found] = await detector.detect(canvas);
    const asItLies = faceCrop(canvas, { box: (found as DetectedFace).box }, seen);
    expect(difference(leaning), `at ${angle}`).toBeLessThan(0.7 * difference(asItLies));
  }
});

/** The one that the detector sees best. */
const face = drawnFaces(4)[3] as Picture;

test("a box follows the face through any size and format of the picture", async () => {
  const detector = await open({ threshold: 0.3 });
  for (const [width, height, side] of [
    [1200, 900, 300],
    [300, 1100, 250],
    [3000, 300, 200],
    [200, 3000, 150],
  ] as const) {
    for (const share of [0.2, 0.5, 0.9]) {
      const [x, y] = width > height ? [width * share, height / 2] : [width / 2, height * share];
      const found = await detector.detect(composite(width, height, [{ face, x, y, side }]));
      const visible = clipped(
        { x: x - side / 2, y: y - side / 2, width: side, height: side },
        { width, height },
      );
      expect(
        overlapOf(found[0]?.box as Box, visible as Box),
        `${width} × ${height} at ${share}`,
      ).toBeGreaterThan(0.5);
    }
  }
});

test("a larger input finds smaller faces", async () => {
  const picture = composite(1600, 1600, [{ face, x: 500, y: 700, side: 80 }]);
  expect(await (await open({ threshold: 0.3 })).detect(picture)).toHaveLength(0);
  expect((await (await open({ threshold: 0.3, size: 1280 })).detect(picture)).length).toBeGreaterThan(0);
});

test("a model that is no detector is refused with what it should be", async () => {
  const graph = new Graph();
  graph.output("y", relu(graph.input("x", "float32", ["N", 3])));
  const bytes = encode(graph, "other");
  expect(() => decodeDetector(bytes, "other.onnx")).toThrow(
    "other.onnx is no face detector: it takes x (float32) and gives y (float32); it must take one picture (uint8 or float32) and give boxes and scores",
  );
  expect(() => decodeDetector(Uint8Array.of(1, 2, 3), "noise.onnx")).toThrow(
    "noise.onnx is not an ONNX model",
  );
  await expect(loadDetector(undefined, { size: 400 })).rejects.toThrow("no multiple of 32");
});

test("any other detector with boxes and scores works, at the size that it has", async () => {
  // It says that a face of 10 × 20 pixels lies at (5, 6), in a picture of 64 px.
  const graph = new Graph();
  const picture = graph.input("image", "float32", [1, 3, 64, 64]);
  const zero = cast(relu(picture), "float32");
  expect(zero.shape).toEqual([1, 3, 64, 64]);
  graph.output("boxes", graph.constant("float32", [1, 2, 4], Float32Array.of(5, 6, 15, 26, 0, 0, 1, 1)));
  graph.output("scores", graph.constant("float32", [1, 2], Float32Array.of(0.9, 0.1)));
  const model = decodeDetector(encode(graph, "mine"), "mine.onnx");
  expect(model.settings.size).toBe(64);
  const detector = await openDetector(engine, model);
  const [found] = await detector.detect({
    pixels: new Uint8Array(128 * 64),
    width: 128,
    height: 64,
    channels: 1,
  });
  expect(found?.box).toEqual({ x: 10, y: 12, width: 20, height: 40 });
  expect(found?.score).toBeCloseTo(0.9);
  expect(() => decodeDetector(encode(graph, "mine"), "mine.onnx", { size: 416 })).toThrow(
    "mine.onnx takes pictures of 64 px, not of 416 px",
  );
});

test("a strip of a few kilobytes is searched in a few squares", async () => {
  let runs = 0;
  const counting: Engine = {
    async open(program) {
      const real = await engine.open(program);
      return { ...real, run: (feeds) => (runs++, real.run(feeds)) };
    },
    close: async () => {},
  };
  const detector = await openDetector(counting, await loadDetector());
  for (const [width, height] of [
    [3000, 20],
    [6, 4000],
  ] as const) {
    runs = 0;
    const pixels = new Uint8Array(width * height).fill(128);
    expect(await detector.detect({ pixels, width, height, channels: 1 })).toEqual([]);
    expect(runs).toBeLessThan(20);
  }
  await detector.release();
});
