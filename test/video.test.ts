/** Faces in videos: followed, smoothed, cut off in the middle, and without ffmpeg. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { secondsOf } from "../src/cli/options.ts";
import type { Picture } from "../src/data/dataset.ts";
import { ppmPictures } from "../src/predict/ppm.ts";
import type { Face } from "../src/predict/prediction.ts";
import { faceTracker } from "../src/predict/tracking.ts";
import { composite, drawnFaces } from "./support/composites.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const hasFfmpeg = spawnSync("ffmpeg", ["-version"]).status === 0;
if (!hasFfmpeg) console.warn("skipped: there is no ffmpeg (apt-get install ffmpeg)");

function seen(x: number, happy: number, width = 100): Face {
  return {
    box: { x, y: 50, width, height: width },
    probabilities: { happy, sad: 1 - happy },
    label: "happy",
  };
}

describe("tracks", () => {
  const settings = { smooth: 0, patience: 1, threshold: 0 };

  test("a face keeps its number while it moves, two that cross keep theirs, a new one gets the next", () => {
    const track = faceTracker(settings);
    const numbers = [0, 1, 2, 3].map((i) =>
      track(i / 2, [seen(30 * i, 0.9), seen(400 - 30 * i, 0.1), ...(i > 1 ? [seen(800, 0.5)] : [])]).map(
        (face) => face.track,
      ),
    );
    expect(numbers).toEqual([
      [1, 2],
      [1, 2],
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("it is the same after a short pause, and another after a long one", () => {
    const track = faceTracker(settings);
    const at = (time: number): number | undefined => track(time, [seen(0, 0.5)])[0]?.track;
    expect(at(0)).toBe(1);
    track(0.5, []);
    expect(at(1)).toBe(1);
    track(1.5, []);
    track(2.5, []);
    expect(at(3)).toBe(2);
  });

  test("probabilities approach new ones by 1 − e⁻ᵗ, and still sum to 1; the label follows them", () => {
    const track = faceTracker({ ...settings, smooth: 1 });
    track(0, [seen(0, 1)]);
    const [face] = track(0.5, [seen(0, 0)]);
    expect(face?.probabilities.happy).toBeCloseTo(Math.exp(-0.5));
    expect((face?.probabilities.happy ?? 0) + (face?.probabilities.sad ?? 0)).toBeCloseTo(1);
    expect(face?.label).toBe("happy");
    const sure = faceTracker({ ...settings, threshold: 0.7 });
    expect(sure(0, [seen(0, 0.6)])[0]?.label).toBeNull();
  });
});

describe("frames in a stream", () => {
  const picture = (value: number): Uint8Array =>
    Buffer.concat([Buffer.from("P6\n3 2\n255\n"), Buffer.alloc(18, value)]);
  const stream = Buffer.concat([picture(10), picture(32), picture(255)]);
  async function read(bytes: Uint8Array, step: number) {
    let cut = false;
    const values: (number | undefined)[] = [];
    const chunks = (async function* () {
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    })();
    for await (const { pixels, width, height } of ppmPictures(chunks, () => (cut = true))) {
      expect([width, height, pixels.length]).toEqual([3, 2, 18]);
      values.push(pixels[17]);
    }
    return { values, cut };
  }

  test("however it is cut into chunks", async () => {
    for (let step = 1; step <= stream.length; step++)
      expect(await read(stream, step)).toEqual({ values: [10, 32, 255], cut: false });
  });
  test("wherever it breaks off: the whole frames count", async () => {
    const one = picture(0).length;
    for (let length = 0; length < stream.length; length++) {
      const { values, cut } = await read(stream.subarray(0, length), 7);
      expect(values).toHaveLength(Math.floor(length / one));
      expect(cut).toBe(length % one !== 0);
    }
  });
  test("what is no frame is refused", async () => {
    await expect(read(Buffer.from("no picture, but a long enough text"), 100)).rejects.toThrow(
      "instead of the header",
    );
  });
});

test("times", () => {
  expect(["0.5s", "500ms", "2", ".25 s"].map(secondsOf)).toEqual([0.5, 0.5, 2, 0.25]);
  expect(() => secondsOf("soon")).toThrow("Give a time");
});

describe("from the command line", () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-video-"));
  const at = (name: string): string => join(folder, name);
  const model = at("model.safetensors");
  const [, , , face] = drawnFaces(4) as [Picture, Picture, Picture, Picture];

  beforeAll(async () => {
    writeClassifier(model, smallArchitecture("happy", "sad"));
    if (!hasFfmpeg) return;
    for (let i = 0; i < 12; i++) {
      const { pixels, width, height } = composite(320, 240, [{ face, x: 100 + 8 * i, y: 120, side: 80 }], i);
      await sharp(pixels, { raw: { width, height, channels: 1 } })
        .png()
        .toFile(at(`${String(i).padStart(2, "0")}.png`));
    }
    const input = ["-framerate", "4", "-i", at("%02d.png")];
    for (const [name, codec] of [
      ["clip.mp4", "mpeg4"],
      ["clip.mkv", "mpeg4"],
    ] as const)
      expect(
        spawnSync("ffmpeg", ["-v", "error", ...input, "-c:v", codec, "-q:v", "2", at(name)]).status,
      ).toBe(0);
  }, 30_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(capture);

  const args = (name: string, ...rest: string[]): string[] => [
    "predict",
    at(name),
    "--model",
    model,
    "--device",
    "cpu",
    "--every",
    "0.5s",
    "--detector-threshold",
    "0.1",
    ...rest,
  ];

  test.skipIf(!hasFfmpeg)("the timeline: one face, followed from the first frame to the last", async () => {
    // From its own folder, and with a colon: no address.
    renameSync(at("clip.mp4"), at("1:2.mp4"));
    const here = process.cwd();
    process.chdir(folder);
    try {
      expect(await run(["predict", "1:2.mp4", ...args("").slice(2), "--csv"])).toBe(0);
    } finally {
      process.chdir(here);
      renameSync(at("1:2.mp4"), at("clip.mp4"));
    }
    const [header, ...rows] = printed.out.trimEnd().split("\n");
    expect(header).toBe("time,track,x,y,width,height,score,label,happy,sad");
    const cells = rows.map((row) => row.split(","));
    expect(cells.map(([time]) => Number(time))).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(new Set(cells.map(([, track]) => track))).toEqual(new Set(["1"]));
    const moved = Number(cells.at(-1)?.[2]) - Number(cells[0]?.[2]);
    expect(moved).toBeGreaterThan(60);
    expect(moved).toBeLessThan(100);
  });

  test.skipIf(!hasFfmpeg)(
    "JSON, a file and a chart hold the same; nothing that is there is replaced",
    async () => {
      expect(await run(args("clip.mp4", "--json", "--chart", at("chart.svg")))).toBe(0);
      const [video] = JSON.parse(printed.out) as {
        status: string;
        faces: Face[];
        frames: { time: number }[];
      }[];
      expect(video).toMatchObject({ status: "ok" });
      expect(video?.faces).toHaveLength(1);
      expect(video?.frames).toHaveLength(6);
      expect(readFileSync(at("chart.svg"), "utf8")).toContain("face 1");
      expect(await run(args("clip.mp4", "--out", at("timeline.csv")))).toBe(0);
      expect(readFileSync(at("timeline.csv"), "utf8").trimEnd().split("\n")).toHaveLength(7);
      expect(await run(args("clip.mp4", "--out", at("timeline.csv")))).toBe(2);
      expect(printed.err).toContain("exists already");
    },
  );

  test.skipIf(!hasFfmpeg)(
    "a video that ends within a frame: its frames up to there, and a note",
    async () => {
      const bytes = readFileSync(at("clip.mkv"));
      writeFileSync(at("cut.mkv"), bytes.subarray(0, Math.floor(bytes.length * 0.6)));
      expect(await run(args("cut.mkv", "--jsonl"))).toBe(0);
      const frames = printed.out.trimEnd().split("\n");
      expect(frames.length).toBeGreaterThan(1);
      expect(frames.length).toBeLessThan(6);
    },
  );

  test.skipIf(!hasFfmpeg)("what is no video", async () => {
    writeFileSync(at("no.mp4"), "this is no video");
    expect(await run(args("no.mp4"))).toBe(1);
    expect(printed.err).toContain("ffmpeg finds no frame");
  });

  test("without ffmpeg the message says what to install; a video stands alone", async () => {
    writeFileSync(at("any.mp4"), "x");
    const path = process.env.PATH;
    process.env.PATH = folder;
    try {
      expect(await run(args("any.mp4"))).toBe(2);
    } finally {
      process.env.PATH = path;
    }
    expect(printed.err).toContain("apt-get install ffmpeg");
    expect(await run(args("any.mp4", at("00.png")))).toBe(2);
    expect(await run(args("gone.mp4"))).toBe(2);
    expect(existsSync(at("gone.mp4"))).toBe(false);
  });
});
