/** Faces in videos: tracked, smoothed, interrupted halfway, and without ffmpeg. */

import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { secondsOf } from "../src/cli/options.ts";
import { progressOf } from "../src/cli/video.ts";
import { byteReader } from "../src/predict/byte-reader.ts";
import type { Face } from "../src/predict/prediction.ts";
import { timelineFrames } from "../src/predict/timeline-frames.ts";
import { trackMeans } from "../src/predict/track-means.ts";
import { faceTracker } from "../src/predict/tracking.ts";
import { clearFace, composite } from "./support/composites.ts";
import { ffmpeg, hasFfmpeg } from "./support/ffmpeg.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

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

describe("blocks of a stream", () => {
  const stream = Uint8Array.from({ length: 40 }, (_, i) => i);
  const chunks = async function* (step: number) {
    for (let at = 0; at < stream.length; at += step) yield stream.subarray(at, at + step);
  };

  test("however it is cut into chunks", async () => {
    for (let step = 1; step <= stream.length; step++) {
      const { read } = byteReader(chunks(step));
      for (const [from, length] of [
        [0, 3],
        [3, 20],
        [23, 0],
        [23, 17],
      ] as const)
        expect(await read(length)).toEqual(stream.slice(from, from + length));
    }
  });
  test("a block that the stream breaks off in is none", async () => {
    const { read } = byteReader(chunks(7));
    await read(30);
    expect(await read(11)).toBeUndefined();
  });
});

describe("long videos in bounded memory", () => {
  test("the means of tracks are those over all sightings; box and score are those of the largest", () => {
    const means = trackMeans(0.6);
    means.add([{ ...seen(0, 0.9), track: 1 }]);
    means.add([
      { ...seen(10, 0.5, 150), score: 0.8, track: 1 },
      { ...seen(500, 0, 50), track: 2 },
    ]);
    means.add([{ ...seen(20, 0.1), track: 1 }]);
    const [first, second] = means.faces();
    expect(first).toMatchObject({ track: 1, box: { x: 10, width: 150 }, score: 0.8, label: null });
    expect(first?.probabilities.happy).toBeCloseTo(0.5);
    expect(second).toMatchObject({ track: 2, label: "sad", probabilities: { happy: 0, sad: 1 } });
  });

  test("frames of a chart are thinned evenly, and know their distance", () => {
    const kept = timelineFrames(8);
    for (let i = 0; i < 50; i++) kept.add({ time: i, faces: [{ track: 1, probabilities: { happy: 1 } }] });
    expect(kept.frames.length).toBeLessThan(8);
    expect(kept.frames.length).toBeGreaterThanOrEqual(4);
    expect(kept.frames.map(({ time }) => time)).toEqual(kept.frames.map((_, i) => i * kept.stride));
  });

  test("progress: time, share and faces; without a length the time alone", () => {
    expect(progressOf(725, 3600, 3)).toBe("12 min 05 s of 1 h 00 min (20 %), 3 faces");
    expect(progressOf(3600.5, 3600, 1)).toBe("1 h 00 min of 1 h 00 min (100 %), 1 face");
    expect(progressOf(2, undefined, 0)).toBe("2.0 s, 0 faces");
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
  const face = clearFace;

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
      ffmpeg([...input, "-c:v", codec, "-q:v", "2", at(name)]);
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
    // Relative to its own folder, and with a colon: not a URL.
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
        frames: { time: number; width: number; height: number }[];
      }[];
      expect(video).toMatchObject({ status: "ok" });
      expect(video?.faces).toHaveLength(1);
      expect(video?.frames).toHaveLength(6);
      expect(video?.frames[5]).toMatchObject({ time: 2.5, width: 320, height: 240 });
      expect(readFileSync(at("chart.svg"), "utf8")).toContain("face 1");
      expect(await run(args("clip.mp4", "--out", at("timeline.csv")))).toBe(0);
      expect(readFileSync(at("timeline.csv"), "utf8").trimEnd().split("\n")).toHaveLength(7);
      expect(await run(args("clip.mp4", "--out", at("timeline.csv")))).toBe(2);
      expect(printed.err).toContain("already exists");
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

  test.skipIf(!hasFfmpeg)("a video without a face is reported in one sentence", async () => {
    expect(await run(args("clip.mp4", "--detector-threshold", "0.999"))).toBe(1);
    expect(printed.err).toBe(`no faces found in ${at("clip.mp4")}\n`);
  });

  test.skipIf(!hasFfmpeg)("what is no video", async () => {
    writeFileSync(at("no.mp4"), "this is no video");
    expect(await run(args("no.mp4"))).toBe(1);
    expect(printed.err).toContain("ffmpeg finds no frame");
    // Nothing is left of files that were not started.
    expect(await run(args("no.mp4", "--out", at("no.csv")))).toBe(1);
    expect(readdirSync(folder).filter((name) => name.includes("no.csv"))).toEqual([]);
  });

  test("without ffmpeg the message names what to install; a video stands alone", async () => {
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
