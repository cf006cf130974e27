/** Face detection: compared with face-api.js on the same images, on panoramas, and with models that are not detectors. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import { decodeFitted } from "../src/data/decode.node.ts";
import { MOST_PHOTO_PIXELS } from "../src/data/photo-size.ts";
import { bundleInput } from "../src/evaluate/run-bundle.ts";
import { encode } from "../src/graph/encode.ts";
import { Graph } from "../src/graph/graph.ts";
import { cast } from "../src/ops/cast.ts";
import { relu } from "../src/ops/relu.ts";
import { type Box, clipped, type DetectedFace, overlapOf } from "../src/predict/boxes.ts";
import { posesOf } from "../src/predict/eyes.ts";
import type { FaceDetector } from "../src/predict/face-detector.ts";
import { faceCrop } from "../src/predict/framing.ts";
import { imagePyramid, onCanvas } from "../src/predict/image-pyramid.ts";
import { decodeDetector, openDetector } from "../src/predict/onnx-detector.ts";
import { turnedBack, turnedByQuarters } from "../src/predict/quarter-turns.ts";
import { loadDetector } from "../src/predict/shipped-detector.node.ts";
import type { Program } from "../src/program/program.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import type { Engine, OpenProgram } from "../src/runtime/engine.ts";
import { UsageError } from "../src/util/errors.ts";
import { floatTensor } from "../src/util/tensor.ts";
import { clearFace, composite, drawnFaces, eyesFaces, scenes } from "./support/composites.ts";
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

/** The shipped network, and its output for an image of its input size, before boxes are merged. */
async function boxesOf(image: Picture, least: number): Promise<DetectedFace[]> {
  const { program } = await loadDetector();
  const open = await engine.open(program);
  const { boxes, scores } = await open.run({ pictures: bundleInput([image], "uint8") });
  await open.release();
  const corners = boxes?.data as Float32Array;
  return Array.from(scores?.data as Float32Array).flatMap((score, i) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = corners.subarray(4 * i, 4 * i + 4);
    return score > least
      ? [{ box: { x: left, y: top, width: right - left, height: bottom - top }, score }]
      : [];
  });
}

describe("face-api.js answers the same (bench/peers/face-boxes.ts)", () => {
  const compare = async (
    faces: readonly Picture[],
    expected: Record<string, number[][]>,
  ): Promise<number> => {
    let boxes = 0;
    for (const { name, picture } of scenes(faces)) {
      const found = await boxesOf(onCanvas(picture, 512).canvas, reference.scoreThreshold);
      const wanted = expected[name] as number[][];
      // A score close to the threshold may be on either side of it.
      expect(Math.abs(found.length - wanted.length), name).toBeLessThanOrEqual(1);
      for (const [x = 0, y = 0, width = 0, height = 0, score = 0] of wanted) {
        const away = ({ box }: DetectedFace): number =>
          Math.max(...[box.x - x, box.y - y, box.width - width, box.height - height].map(Math.abs));
        const same = found.reduce((best, face) => (away(face) < away(best) ? face : best));
        expect(away(same), `${name}: ${[x, y, width, height].join(" ")}`).toBeLessThan(0.1);
        expect(Math.abs(same.score - score)).toBeLessThan(2e-3);
        boxes++;
      }
    }
    return boxes;
  };

  test("in scenes of drawn faces", async () => {
    expect(await compare(drawnFaces(24), reference.drawn)).toBeGreaterThan(50);
  });
  test.skipIf(!hasFer2013)("in scenes of FER2013's faces", async () => {
    expect(await compare(await ferFaces(4), reference.fer2013)).toBeGreaterThan(100);
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
    const canvas = composite(416, 416, [
      { face: drawnFaces(6)[5] as Picture, x: 208, y: 208, side: 120, angle, whole: true },
    ]);
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
    const canvas = composite(416, 416, [
      { face: drawnFaces(6)[5] as Picture, x: 208, y: 208, side: 120, angle, whole: true },
    ]);
    const [found] = await detector.detect(canvas);
    const asItLies = faceCrop(canvas, { box: (found as DetectedFace).box }, seen);
    expect(difference(leaning), `at ${angle}`).toBeLessThan(0.7 * difference(asItLies));
  }
});

const face = drawnFaces(13)[12] as Picture;

test("a box follows the face through any size and format of the image", async () => {
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

test("fast takes two looks and finds large faces, thorough looks closer and finds small ones", async () => {
  const small = { face, x: 1000, y: 420, side: 160 };
  const picture = composite(1600, 1200, [{ face, x: 300, y: 500, side: 400 }, small]);
  const fast = await (await open({ search: "fast" })).detect(picture);
  const thorough = await (await open()).detect(picture);
  expect(fast).toHaveLength(1);
  expect(thorough).toHaveLength(2);
  expect(thorough.filter(({ box }) => overlapOf(box, around(small)) > 0.4)).toHaveLength(1);
});

test("a size is the longer side of the finest look", async () => {
  const picture = composite(1600, 1200, [{ face, x: 720, y: 480, side: 160 }]);
  expect(await (await open({ size: 256 })).detect(picture)).toHaveLength(0);
  expect(await (await open({ size: 768 })).detect(picture)).toHaveLength(1);
});

/** Faces of several sizes, for a photo of 1500 × 800 pixels. */
const threeFaces = [260, 180, 140].map((side, i) => ({
  face: clearFace,
  x: [800, 1100, 1350][i] as number,
  y: 400,
  side,
}));

test("faces of several sizes in one photo are found once each", async () => {
  const places = threeFaces;
  const found = await (await open()).detect(composite(1500, 800, places));
  expect(found).toHaveLength(places.length);
  for (const place of places)
    expect(
      found.filter(({ box }) => overlapOf(box, around(place)) > 0.35),
      `${place.side} px`,
    ).toHaveLength(1);
});

const photos = new URL("../../shared/data/photos/", import.meta.url);
const hasPhotos = existsSync(photos);
if (!hasPhotos) console.warn("test/detector.test.ts: ../shared/data/photos is missing; its test is skipped");

test.skipIf(!hasPhotos)(
  "of the faces in real photos it finds 97 %, and little else (bench/detector.ts)",
  async () => {
    const { faces } = JSON.parse(readFileSync(new URL("faces.json", photos), "utf8")) as {
      faces: Record<string, [number, number, number, number][]>;
    };
    const detector = await open();
    let [wanted, right, all] = [0, 0, 0];
    for (const [file, rows] of Object.entries(faces)) {
      const bytes = readFileSync(new URL(file, photos));
      const { picture } = await decodeFitted(bytes, MOST_PHOTO_PIXELS);
      const found = await detector.detect(picture);
      wanted += rows.length;
      all += found.length;
      right += rows.filter(([x, y, width, height]) =>
        found.some(({ box }) => overlapOf(box, { x, y, width, height }) >= 0.35),
      ).length;
    }
    expect(right / wanted).toBeGreaterThanOrEqual(0.97);
    expect(all / wanted).toBeLessThanOrEqual(1.03);
  },
);

test("a face that fills its photo is found, and one that the border cuts", async () => {
  const detector = await open();
  for (const side of [40, 120, 700]) {
    const [found, ...others] = await detector.detect(
      composite(side, side, [{ face, x: side / 2, y: side / 2, side: 0.98 * side }]),
    );
    expect(found?.score, `${side} px`).toBeGreaterThan(0.5);
    expect(others).toEqual([]);
  }
  const cut = composite(900, 600, [{ face, x: 400, y: 50, side: 200 }]);
  const [found] = await detector.detect(cut);
  expect(found?.box.y).toBe(0);
  expect((found?.box.y ?? 0) + (found?.box.height ?? 0)).toBeLessThan(160);
});

test("of a photo that lies on its side or upside down the faces are found where they are", async () => {
  const photo = composite(1500, 800, threeFaces);
  const upright = await (await open()).detect(photo);
  expect(upright).toHaveLength(3);
  const detector = await open({ rotate: "auto" });
  expect(await detector.detect(photo)).toEqual(upright);
  for (const quarters of [1, 2, 3] as const) {
    const lying = await detector.detect(turnedByQuarters(photo, quarters));
    expect(lying).toHaveLength(3);
    for (const [i, found] of lying.entries()) {
      const own = upright[i] as DetectedFace;
      const back = turnedBack(found, quarters, photo);
      expect(overlapOf(back.box, own.box), `${quarters} quarters`).toBeGreaterThan(0.999);
      // The classifier sees the same crop, except for subpixel positions.
      const seen = { inputSize: 48, resize: 1 };
      const turned = turnedByQuarters(photo, quarters);
      const crop = faceCrop(photo, own, seen);
      const asItLies = meanDifference(faceCrop(turned, { box: found.box }, seen), crop);
      expect(meanDifference(faceCrop(turned, found, seen), crop)).toBeLessThan(0.5 * asItLies);
    }
  }
});

test("the crop is nearly the same whichever box it begins with", async () => {
  const eyes = await engine.open((await loadDetector()).eyes as Program);
  const photo = composite(600, 600, [{ face, x: 270, y: 240, side: 200 }]);
  const [found] = await (await open()).detect(photo);
  const { x, y, width, height } = (found as DetectedFace).box;
  const others = [
    { x: x - 0.1 * width, y, width: 1.2 * width, height: 0.9 * height },
    { x, y: y + 0.1 * height, width, height: 0.8 * height },
    { x: x - 0.15 * width, y: y - 0.1 * height, width: 1.3 * width, height: 1.2 * height },
  ];
  for (const pose of await posesOf(eyes, imagePyramid(photo), others))
    expect(overlapOf(pose?.square as Box, found?.square as Box)).toBeGreaterThan(0.85);
});

test("landmarks that do not fit the box are not believed", async () => {
  const blank = composite(600, 600, []);
  const answering = (middle: number, spread: number): Pick<OpenProgram, "run"> => ({
    run: async () => ({
      eyes: floatTensor([1, 4], Float32Array.of(0.3, 0.4, 0.7, 0.4)),
      middle: floatTensor([1, 2], Float32Array.of(middle, 0.5)),
      spread: floatTensor([1], Float32Array.of(spread)),
    }),
  });
  const box = { x: 200, y: 200, width: 100, height: 120 };
  expect(await posesOf(answering(0.5, 0.317), imagePyramid(blank), [box])).toEqual([
    expect.objectContaining({ tilt: 0 }),
  ]);
  expect(await posesOf(answering(0.5, 0.5), imagePyramid(blank), [box])).toEqual([undefined]);
  expect(await posesOf(answering(0.8, 0.317), imagePyramid(blank), [box])).toEqual([undefined]);
});

/** The square that a drawn face fills. */
function around({ x, y, side }: { readonly x: number; readonly y: number; readonly side: number }): Box {
  return { x: x - side / 2, y: y - side / 2, width: side, height: side };
}

function meanDifference(a: Picture, b: Picture): number {
  return (
    a.pixels.reduce((sum, value, i) => sum + Math.abs(value - (b.pixels[i] as number)), 0) / a.pixels.length
  );
}

test("a model that is no detector is refused with what it should be", async () => {
  const graph = new Graph();
  graph.output("y", relu(graph.input("x", "float32", ["N", 3])));
  const bytes = encode(graph, "other");
  expect(() => decodeDetector(bytes, "other.onnx")).toThrow(
    "other.onnx is not a face detector: it takes x (float32) and returns y (float32); it must take one image (uint8 or float32) and return boxes and scores",
  );
  expect(() => decodeDetector(Uint8Array.of(1, 2, 3), "noise.onnx")).toThrow(
    "noise.onnx is not an ONNX model",
  );
  await expect(loadDetector(undefined, { size: 400 })).rejects.toThrow("must be a multiple of 32");
});

test("settings that a program without types gives are refused with what they may be", async () => {
  const wrong: [settings: object, message: string][] = [
    [{ search: "both" }, '`detector.search` is "both"; it must be thorough or fast'],
    [{ rotate: true }, "`detector.rotate` is true; it must be auto or none"],
    [{ threshold: Number.NaN }, "`detector.threshold` is NaN; it must be a number from 0 to 1"],
    [{ overlap: 1.5 }, "`detector.overlap` is 1.5; it must be a number from 0 to 1"],
    [{ size: 0 }, "`detector.size` is 0; it must be a whole number of 1 or more"],
  ];
  for (const [settings, message] of wrong) {
    const error: unknown = await loadDetector(undefined, settings).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toBe(message);
  }
  await expect(loadDetector(undefined, { search: undefined } as object)).resolves.toBeDefined();
});

test("any other detector with boxes and scores works, at the size that it has", async () => {
  // Detects a face of 10 × 20 pixels at (5, 6), in an image of 64 px.
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
    "mine.onnx takes images of 64 px, not 416 px",
  );
});

test("what no box can be is passed over, and damaged settings are refused", async () => {
  const graph = new Graph();
  graph.input("image", "float32", [1, 3, 64, 64]);
  const rows = [Number.NaN, 6, 15, 26, 5, 6, 5, 26, 5, 6, 15, 26];
  graph.output("boxes", graph.constant("float32", [1, 3, 4], Float32Array.from(rows)));
  graph.output("scores", graph.constant("float32", [1, 3], Float32Array.of(0.95, 0.94, 0.9)));
  const bytes = encode(graph, "mine");
  const detector = await openDetector(engine, decodeDetector(bytes, "mine.onnx"));
  const blank = { pixels: new Uint8Array(64 * 64), width: 64, height: 64, channels: 1 } as const;
  expect(await detector.detect(blank)).toEqual([
    { box: { x: 5, y: 6, width: 10, height: 20 }, score: expect.closeTo(0.9) },
  ]);
  for (const damage of [
    '{"size":-32,"threshold":0.5,"overlap":0.4}',
    "null",
    '{"size":64,"threshold":7,"overlap":0.4}',
  ])
    expect(() => decodeDetector(encode(graph, "mine", { vultus_detector: damage }), "mine.onnx")).toThrow(
      /^mine\.onnx: its detector settings \(vultus_detector in the metadata\) are invalid$/,
    );
});

test("a threshold of 0 ends", async () => {
  const photo = composite(900, 600, [{ face, x: 400, y: 300, side: 200 }]);
  expect((await (await open({ threshold: 0 })).detect(photo)).length).toBeLessThanOrEqual(1000);
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
