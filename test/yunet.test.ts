/**
 * Choosing a face detector: the shipped ones, YuNet from the hub (here a stand-in) or a file, and the message if there is none.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../src/cli/main.ts";
import type { Picture } from "../src/data/dataset.ts";
import { crop } from "../src/jobs/crop.ts";
import { type Box, overlapOf } from "../src/predict/boxes.ts";
import { yunetSource } from "../src/predict/detector-choice.node.ts";
import { loadModel, predict } from "../src/predict/model.node.ts";
import { decodeDetector, openDetector } from "../src/predict/onnx-detector.ts";
import type { Prediction } from "../src/predict/prediction.ts";
import { loadDetector, readDetector } from "../src/predict/shipped-detector.node.ts";
import { yunetFaces, yunetInput } from "../src/predict/yunet.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import type { Engine } from "../src/runtime/engine.ts";
import { createService } from "../src/server/service.ts";
import { UsageError, VultusError } from "../src/util/errors.ts";
import { type StandIn, startHub } from "./support/hub.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";
import {
  colourNoise,
  MARKER_TILT,
  markers,
  markerYunet,
  noiseYunet,
  noiseYunetSide,
} from "./support/yunet.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-yunet-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const engine = startEngine({ device: "cpu", threads: 2 });
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const square = { x: 700, y: 400, side: 40 };
/** The face that `markerYunet` detects around it. */
const faceAround = ({ x, y, side }: typeof square): Box => ({
  x: x - 1.5 * side,
  y: y - 1.5 * side,
  width: 3 * side,
  height: 3 * side,
});

describe("a model that answers as YuNet does", () => {
  test("is read as OpenCV reads it (bench/peers/yunet-boxes.ts)", async () => {
    const path = fileURLToPath(new URL("reference/yunet-boxes.json", import.meta.url));
    const { threshold, faces } = JSON.parse(readFileSync(path, "utf8")) as {
      threshold: number;
      faces: readonly (readonly number[])[];
    };
    const image = colourNoise(noiseYunetSide, noiseYunetSide);
    const { program } = decodeDetector(noiseYunet(noiseYunetSide), "noise.onnx");
    const open = await engine.open(program);
    const found = yunetFaces(await open.run({ input: yunetInput(image) }), image, threshold);
    found.sort((a, b) => b.score - a.score);
    expect(faces.length).toBeGreaterThan(40);
    expect(found).toHaveLength(faces.length);
    for (const wanted of faces) {
      const [x = 0, y = 0, width = 0, height = 0, rightX = 0, rightY = 0, leftX = 0, leftY = 0] = wanted;
      const same = found.find(({ box }) => Math.hypot(box.x - x, box.y - y) < 0.01);
      expect(Math.abs((same?.box.width ?? 0) - width), `${x} ${y}`).toBeLessThan(0.01);
      expect(Math.abs((same?.box.height ?? 0) - height), `${x} ${y}`).toBeLessThan(0.01);
      expect(same?.score).toBeCloseTo(wanted[8] as number, 3);
      const tilt = (Math.atan2(leftY - rightY, leftX - rightX) * 180) / Math.PI;
      expect(Math.abs((same?.tilt ?? 0) - tilt), `${x} ${y}`).toBeLessThan(0.1);
    }
  });

  test.each([[640], [320], [undefined]])("is recognised in a file, with an input of %s px", async (side) => {
    const file = at(`yunet-${side}.onnx`);
    writeFileSync(file, markerYunet(side));
    const model = await loadDetector(file, { threshold: 0.4 });
    expect(model.form).toBe("yunet");
    expect(model.side).toBe(side);
    expect(model.search).toBe("thorough");
    const detector = await openDetector(engine, model);
    // In a square of 640 px, the smaller one would be a third of a cell.
    const small = { x: 1707, y: 403, side: 12 };
    for (const marker of [square, small]) {
      const [found, ...others] = await detector.detect(markers(2000, 1500, [marker]));
      expect(others).toEqual([]);
      expect(overlapOf(found?.box as Box, faceAround(marker)), `${marker.side} px`).toBeGreaterThan(0.4);
      expect(found?.tilt).toBeCloseTo(MARKER_TILT, 3);
    }
    expect(await detector.detect(markers(900, 300, []))).toEqual([]);
    await detector.release();
  });

  test("an input of one size is given nothing else, whatever the photo", async () => {
    const shapes = new Set<string>();
    const watching: Engine = {
      async open(program) {
        const real = await engine.open(program);
        return { ...real, run: (feeds) => (shapes.add(String(feeds.input?.shape)), real.run(feeds)) };
      },
      close: async () => {},
    };
    const detector = await openDetector(watching, decodeDetector(markerYunet(320), "yunet.onnx"));
    for (const [width, height] of [
      [2000, 1500],
      [50, 40],
      [3000, 20],
      [6, 2000],
    ] as const)
      await detector.detect(markers(width, height, []));
    expect([...shapes]).toEqual(["1,3,320,320"]);
    await detector.release();
  });

  test("a size is the longer side of its finest look", async () => {
    const small = markers(2000, 1500, [{ x: 1707, y: 403, side: 12 }]);
    const facesAt = async (size: number): Promise<number> => {
      const model = decodeDetector(markerYunet(640), "yunet.onnx", { threshold: 0.4, size });
      const detector = await openDetector(engine, model);
      const found = await detector.detect(small);
      await detector.release();
      return found.length;
    };
    expect(await facesAt(320)).toBe(0);
    expect(await facesAt(1280)).toBe(1);
    expect(() => decodeDetector(markerYunet(640), "yunet.onnx", { size: 650 })).toThrow(
      "`detector.size: 650`: must be a multiple of 32",
    );
  });

  test("a map with other cells than the image has is refused", async () => {
    const { program } = decodeDetector(markerYunet(), "yunet.onnx");
    const open = await engine.open(program);
    const results = await open.run({ input: yunetInput(markers(64, 64, [])) });
    expect(() => yunetFaces(results, { width: 64, height: 96 }, 0.5)).toThrow(
      "returned 64 numbers in cls_8 for an image of 64 × 96 pixels; expected 96",
    );
  });
});

describe("a detector by its name", () => {
  test("fast and thorough are the one that ships", async () => {
    const [usual, thorough, fast] = await Promise.all([
      loadDetector(),
      loadDetector("thorough"),
      loadDetector("fast"),
    ]);
    expect([usual.search, thorough.search, fast.search]).toEqual(["thorough", "thorough", "fast"]);
    expect(thorough.settings).toEqual(usual.settings);
    for (const { program } of [thorough, fast])
      expect(Buffer.compare(program.model, usual.program.model)).toBe(0);
  });

  test("a file of such a name is reached by its path", async () => {
    const before = process.cwd();
    process.chdir(folder);
    try {
      for (const name of ["fast", "yunet"]) {
        writeFileSync(name, markerYunet(320));
        expect((await loadDetector(`./${name}`)).side).toBe(320);
      }
      expect((await loadDetector("fast")).form).toBe("uint8");
    } finally {
      process.chdir(before);
    }
  });

  test("any other is a mistake, and what may stand there is listed", async () => {
    await expect(loadDetector("fsat")).rejects.toThrow(
      'there is no face detector fsat. Did you mean "fast"? Use fast, thorough, yunet or the path of an ONNX file',
    );
    await expect(loadDetector("models/none.onnx")).rejects.toThrow(UsageError);
    writeFileSync(at("noise.onnx"), "noise");
    await expect(loadDetector(at("noise.onnx"))).rejects.toThrow("noise.onnx is not an ONNX model");
  });
});

describe("YuNet from the hub", () => {
  const content = markerYunet(640);
  let hub: StandIn;
  let cache: string;
  beforeEach(async () => {
    capture();
    hub = await startHub(yunetSource.repo, yunetSource.file, content);
    cache = mkdtempSync(at("hub-"));
    vi.stubEnv("HF_ENDPOINT", hub.endpoint);
    vi.stubEnv("HF_HUB_CACHE", cache);
    vi.stubEnv("HF_HUB_OFFLINE", "");
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    await hub.close();
  });

  const model = at("model.safetensors");
  beforeAll(async () => {
    writeClassifier(model, smallArchitecture("happy", "sad"));
    mkdirSync(at("photos"));
    await jpegOf(markers(1000, 800, [square]), at("photos", "one.jpg"));
    await jpegOf(markers(300, 300, []), at("photos", "none.jpg"));
  });
  const device = ["--device", "cpu", "--threads", "2"];

  test("is fetched once, into the cache of the hub, and then asked for only whether it is current", async () => {
    expect((await loadDetector("yunet")).side).toBe(640);
    expect(hub.requests.filter((line) => line.startsWith("content"))).toHaveLength(1);
    hub.requests.length = 0;
    expect((await loadDetector("yunet", { search: "fast" })).search).toBe("fast");
    expect(hub.requests).toEqual([`HEAD /${yunetSource.repo}/resolve/main/${yunetSource.file}`]);
  });

  test("without a network the cache serves, and an empty one is an error that names what works", async () => {
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    const error = await loadDetector("yunet").then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(UsageError);
    const { message } = error as Error;
    expect(message).toContain("HF_HUB_OFFLINE is set");
    expect(message).toContain('`detector: "thorough"` and `detector: "fast"` ship with vultus');
    expect(message).toContain(
      `download ${hub.endpoint}/${yunetSource.repo}/resolve/main/${yunetSource.file}`,
    );
    expect(message).toContain('give `detector: "face_detection_yunet_2023mar.onnx"`');
    expect(await run(["predict", at("photos"), "--model", model, "--detector", "yunet", ...device])).toBe(2);
    expect(printed.err).toContain("--detector thorough and --detector fast ship with vultus");
    expect(printed.err).toContain("give --detector face_detection_yunet_2023mar.onnx");
    expect(hub.requests).toEqual([]);

    vi.stubEnv("HF_HUB_OFFLINE", "");
    await loadDetector("yunet");
    vi.stubEnv("HF_HUB_OFFLINE", "1");
    printed.err = "";
    await run(["predict", at("photos"), "--model", model, "--detector", "yunet", ...device]);
    expect(printed.err).toContain("opencv/face_detection_yunet is taken from the cache");
  });

  test("a hub that does not answer is waited for, aloud", async () => {
    hub.faults.push({ on: "HEAD", status: 503 });
    const notes: string[] = [];
    await readDetector("yunet", { onNote: (note) => notes.push(note) });
    expect(notes).toEqual([expect.stringMatching(/^waiting for YuNet: .*503.*trying again in \d+ s$/)]);
  });

  test("a damaged download is reported and not kept", async () => {
    hub.faults.push({ on: "content", content: content.map((byte) => byte ^ 1) });
    await expect(loadDetector("yunet")).rejects.toThrow(VultusError);
    hub.faults.push({ on: "content", content: content.map((byte) => byte ^ 1) });
    await expect(loadDetector("yunet")).rejects.toThrow(/its hash is \w+, but the hub states/);
    expect((await loadDetector("yunet")).form).toBe("yunet");
  });

  test("predict, data crop, explain, the library and the service use it, with what else was asked", async () => {
    const json = [...device, "--detector", "yunet", "--detector-threshold", "0.4", "--json"];
    const wanted = faceAround(square);
    const check = (box: Box | undefined): void => expect(overlapOf(box as Box, wanted)).toBeGreaterThan(0.4);

    expect(await run(["predict", at("photos", "one.jpg"), "--model", model, ...json])).toBe(0);
    const [prediction] = JSON.parse(printed.out) as Prediction[];
    expect(prediction?.faces).toHaveLength(1);
    check(prediction?.faces[0]?.box);

    printed.out = "";
    expect(await run(["data", "crop", at("photos"), "--out", at("crops"), ...json])).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject({ photos: 2, crops: 1, withoutFace: 1 });

    printed.out = "";
    const explain = ["explain", at("photos", "one.jpg"), "--model", model, "--out", at("explained")];
    expect(await run([...explain, ...json])).toBe(0);
    expect(JSON.parse(printed.out).photos).toHaveLength(1);

    const detector = { path: "yunet", threshold: 0.4 };
    await using loaded = await loadModel({ model, device: "cpu", threads: 1, detector });
    check((await predict(loaded, at("photos", "one.jpg"))).faces[0]?.box);

    hub.requests.length = 0;
    await using service = await createService({ model, workers: 2, detector, log: false });
    // One request for all workers.
    expect(hub.requests).toHaveLength(1);
    expect((await service.app.inject("/metrics")).body).toContain(
      'vultus_detector_info{name="yunet",rotate="none"} 1',
    );
    const response = await service.app.inject({
      method: "POST",
      url: "/v1/predict",
      headers: { "content-type": "image/jpeg" },
      payload: readFileSync(at("photos", "one.jpg")),
    });
    check(response.json<{ predictions: Prediction[] }>().predictions[0]?.faces[0]?.box);
  });
});

describe("on the command line", () => {
  const device = ["--device", "cpu", "--threads", "2"];
  const model = at("other.safetensors");
  beforeAll(async () => {
    writeClassifier(model, smallArchitecture("happy", "sad"));
    mkdirSync(at("empty"));
    await jpegOf(markers(300, 300, []), at("empty", "none.jpg"));
    writeFileSync(at("mine.onnx"), markerYunet());
  });
  beforeEach(capture);

  test("a mistake is reported before anything is read", async () => {
    for (const command of ["predict", "explain"]) {
      printed.err = "";
      expect(await run([command, at("empty"), "--model", model, "--detector", "througho"])).toBe(2);
      expect(printed.err).toContain(
        'Did you mean "thorough"? Use fast, thorough, yunet or the path of an ONNX file',
      );
    }
    expect(await run(["serve", "--detector", "nothing", "--port", "0"])).toBe(2);
    printed.err = "";
    const both = ["--detector", "fast", "--detector-size", "640"];
    expect(await run(["data", "crop", at("empty"), "--out", at("both"), ...both])).toBe(2);
    expect(printed.err).toContain("--detector-size 640 overrides --detector fast; leave out one of them");
    expect(await run(["predict", at("empty"), "--model", model, "--detector-size", "1000"])).toBe(2);
    expect(printed.err).toContain("--detector-size 1000: must be a multiple of 32");
    expect(await run(["predict", at("empty"), "--rotate", "left"])).toBe(2);
    expect(printed.err).toContain("Allowed choices are auto, none");
  });

  test("if no face is found, the same call with --rotate auto is offered, once", async () => {
    const call = ["predict", at("empty"), "--model", model, ...device];
    const hint = /^to also find faces that lie on their side: (.*)$/m;
    await run([...call, "--detector", at("mine.onnx"), "--detector-threshold", "0.6"]);
    expect(printed.err.match(hint)?.[1]).toMatch(
      /predict \S+empty --model \S+ --threads 2 --detector \S+mine\.onnx --detector-threshold 0\.6 --rotate auto --device cpu$/,
    );
    printed.err = "";
    await run([...call, "--detector", "fast", "--rotate", "auto", "--out", at("one.jsonl")]);
    expect(printed.err.match(/^to also find small faces: (.*)$/m)?.[1]).toMatch(
      / --detector thorough --rotate auto /,
    );
    expect(printed.err).not.toMatch(hint);
    expect(printed.err).toMatch(/^1 photo in .* s, 0 faces, 1 without a face$/m);
    for (const rotate of ["auto", "none"]) {
      printed.err = "";
      await run([...call, "--rotate", rotate]);
      expect(printed.err).not.toMatch(hint);
    }
  });

  test("crops of thorough go on without it, and those of fast do not", async () => {
    const options = { data: at("empty"), out: at("cropped"), device: "cpu", threads: 2 } as const;
    await crop(options);
    expect((await crop({ ...options, detector: "thorough" })).before).toBe(1);
    await expect(crop({ ...options, detector: "fast" })).rejects.toThrow(/another face detector/);
    await expect(crop({ ...options, detector: { rotate: "auto" } })).rejects.toThrow(/another face detector/);
  });
});

async function jpegOf({ pixels, width, height }: Picture, file: string): Promise<void> {
  const image = sharp(pixels, { raw: { width, height, channels: 3 } });
  await image.jpeg({ quality: 98, chromaSubsampling: "4:4:4" }).toFile(file);
}
