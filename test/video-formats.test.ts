/** Video in practice: every bit depth, HDR, changing sizes, non-square pixels, rotation by metadata, and damaged files. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import { overlapOf } from "../src/predict/boxes.ts";
import { probeVideo } from "../src/predict/ffmpeg.node.ts";
import { loadModel, type Model } from "../src/predict/model.node.ts";
import { predictVideo, type VideoFrame } from "../src/predict/video.node.ts";
import { clearFace, composite } from "./support/composites.ts";
import {
  bytesOf,
  difference,
  ffmpeg,
  framesOf,
  hasEncoder,
  hasFfmpeg,
  hasFilter,
  rawInput,
  turnByMetadata,
} from "./support/ffmpeg.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-formats-"));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const pattern = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1"];
const lossless = ["-c:v", "ffv1"];
const few = 4;

describe.skipIf(!hasFfmpeg)("frames", () => {
  beforeAll(() => ffmpeg([...pattern, "-pix_fmt", "yuv420p", ...lossless, at("plain.mkv")]));

  test.each([
    [
      "HEVC of 10 bits",
      "libx265",
      "mp4",
      ["-pix_fmt", "yuv420p10le", "-crf", "8", "-x265-params", "log-level=none"],
    ],
    [
      "HEVC of 12 bits",
      "libx265",
      "mkv",
      ["-pix_fmt", "yuv422p12le", "-crf", "8", "-x265-params", "log-level=none"],
    ],
    [
      "VP9 of 10 bits",
      "libvpx-vp9",
      "webm",
      ["-pix_fmt", "yuv420p10le", "-crf", "8", "-b:v", "0", "-cpu-used", "8"],
    ],
    ["H.264 High 10", "libx264", "mp4", ["-pix_fmt", "yuv420p10le", "-crf", "8"]],
    ["ProRes 422", "prores_ks", "mov", ["-profile:v", "2"]],
    ["ProRes 4444 with alpha", "prores_ks", "mov", ["-profile:v", "4", "-pix_fmt", "yuva444p10le"]],
    ["16-bit RGB", "png", "mov", ["-pix_fmt", "rgb48be"]],
    ["16-bit grey", "ffv1", "mkv", ["-pix_fmt", "gray16le"]],
  ])("%s: the frames of the 8-bit clip", async (name, encoder, ending, options) => {
    if (!hasEncoder(encoder)) return console.warn(`skipped ${name}: this ffmpeg has no ${encoder}`);
    const file = at(`${name.replace(/\W/g, "")}.${ending}`);
    ffmpeg([...pattern, "-c:v", encoder, ...options, file]);
    const { frames, notes } = await framesOf(file, 0.5);
    expect(notes).toEqual([]);
    const plain = await framesOf(at("plain.mkv"), 0.5);
    expect(frames.map(({ time }) => time)).toEqual([0, 0.5]);
    for (const [i, { picture }] of frames.entries()) {
      const expected = plain.frames[i]?.picture as Picture;
      if (name.endsWith("grey")) expect(picture.pixels.some((level) => level > 100)).toBe(true);
      else expect(difference(picture, expected)).toBeLessThan(few);
    }
  });

  describe.each([
    ["PQ", "smpte2084"],
    ["HLG", "arib-std-b67"],
  ])("HDR by %s", (_, transfer) => {
    const tags = ["-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc"];
    const toHdr = `zscale=tin=bt709:min=bt709:pin=bt709:rin=tv:t=linear:npl=203,format=gbrpf32le,zscale=p=bt2020,zscale=t=${transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le`;

    test.skipIf(!hasFilter("zscale"))("a grey ramp has the levels of its SDR version", async () => {
      const ramp: Picture = {
        ...{ width: 512, height: 64, channels: 1 },
        pixels: Uint8Array.from({ length: 512 * 64 }, (_, i) => (i % 512) >> 1),
      };
      const bt709 = ["-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"];
      ffmpeg(
        [...rawInput(ramp, 5), "-pix_fmt", "yuv420p", ...lossless, ...bt709, at("ramp.mkv")],
        bytesOf([ramp]),
      );
      const hdr = at(`ramp-${transfer}.mkv`);
      ffmpeg(["-i", at("ramp.mkv"), "-vf", toHdr, ...lossless, ...tags, hdr]);
      expect((await probeVideo(hdr, hdr)).transfer).toBe(transfer === "smpte2084" ? "pq" : "hlg");
      const [shown] = (await framesOf(hdr, 1)).frames;
      const [sdr] = (await framesOf(at("ramp.mkv"), 1)).frames;
      const green = (picture: Picture | undefined): number[] =>
        Array.from({ length: 512 }, (_, x) => picture?.pixels[3 * (512 * 32 + x) + 1] as number);
      const [levels, expected] = [green(shown?.picture), green(sdr?.picture)];
      for (const [x, level] of levels.entries())
        if ((expected[x] as number) <= 185)
          expect(Math.abs(level - (expected[x] as number))).toBeLessThanOrEqual(3);
      const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b) / values.length;
      expect(mean(levels) / mean(expected)).toBeGreaterThan(0.95);
      expect(mean(levels) / mean(expected)).toBeLessThan(1.02);
      // The same curve from an independent implementation.
      const reference = at(`ramp-${transfer}.rgb`);
      const filters =
        "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,tonemap=mobius:param=0.5:peak=4.926:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p,format=rgb24";
      ffmpeg(["-i", hdr, "-vf", filters, "-frames:v", "1", "-f", "rawvideo", reference]);
      const theirs = green({ pixels: readFileSync(reference), width: 512, height: 64, channels: 3 });
      for (const [x, level] of levels.entries())
        expect(Math.abs(level - (theirs[x] as number))).toBeLessThanOrEqual(3);
    });
  });

  test("the frame at a time is the first that begins then, however many a second there are", async () => {
    for (const rate of ["10", "30000/1001", "3"]) {
      const file = at(`numbered-${rate.slice(0, 2)}.mkv`);
      // The grey level counts the frames.
      const filter = `nullsrc=size=32x32:rate=${rate}:duration=3,geq=lum='16+2*N':cb=128:cr=128`;
      ffmpeg(["-f", "lavfi", "-i", filter, "-pix_fmt", "yuv420p", ...lossless, file]);
      const [over, under] = rate.split("/").map(Number) as [number, number?];
      const perSecond = over / (under ?? 1);
      for (const every of [0.1, 0.5, 1]) {
        const { frames } = await framesOf(file, every);
        for (const { time, picture } of frames) {
          const index = Math.round(((picture.pixels[0] as number) * 219) / 255 / 2);
          expect(index).toBe(Math.max(0, Math.ceil(time * perSecond - 0.05)));
        }
        expect(frames.length).toBeGreaterThanOrEqual(Math.floor(Math.min(3 / every, 3 * perSecond)) - 1);
      }
    }
  });

  test("turned by metadata: upright frames", async () => {
    ffmpeg([...pattern, "-c:v", "mpeg4", "-q:v", "2", at("lying.mp4")]);
    const [lying] = (await framesOf(at("lying.mp4"), 1)).frames;
    turnByMetadata(at("lying.mp4"));
    const [upright] = (await framesOf(at("lying.mp4"), 1)).frames;
    expect([upright?.picture.width, upright?.picture.height]).toEqual([240, 320]);
    const at90 = (x: number, y: number): number => 3 * (y * 240 + x);
    const corner = (picture: Picture | undefined, offset: number): number[] => [
      ...(picture?.pixels.subarray(offset, offset + 3) ?? []),
    ];
    // Rotated clockwise: the lower left corner becomes the upper left one.
    expect(corner(upright?.picture, at90(0, 0))).toEqual(corner(lying?.picture, 3 * 320 * 239));
    expect(corner(upright?.picture, at90(239, 0))).toEqual(corner(lying?.picture, 0));
  });

  test("interlaced: what moves has no combs", async () => {
    const bar =
      "nullsrc=size=320x240:rate=50:duration=2,geq=lum='if(between(X,3*N,3*N+60),220,30)':cb=128:cr=128";
    const interlace = ["-vf", "tinterlace=interleave_top,fieldorder=tff", "-flags", "+ilme+ildct"];
    const codec = ["-pix_fmt", "yuv420p", "-c:v", "mpeg2video", "-q:v", "2"];
    ffmpeg(["-f", "lavfi", "-i", bar, ...interlace, ...codec, at("fields.ts")]);
    ffmpeg(["-f", "lavfi", "-i", bar, "-r", "25", ...codec, at("frames.ts")]);
    expect((await probeVideo(at("fields.ts"), "")).isInterlaced).toBe(true);
    expect((await probeVideo(at("frames.ts"), "")).isInterlaced).toBe(false);
    /** Mean difference between a row and its neighbours. */
    const combs = ({ pixels, width, height }: Picture): number => {
      let sum = 0;
      const at = (x: number, y: number): number => pixels[3 * (y * width + x)] as number;
      for (let y = 1; y < height - 1; y++)
        for (let x = 0; x < width; x++) sum += Math.abs(2 * at(x, y) - at(x, y - 1) - at(x, y + 1)) / 2;
      return sum / (width * height);
    };
    const { frames } = await framesOf(at("fields.ts"), 0.5);
    expect(frames.map(({ time }) => time)).toEqual([0, 0.5, 1, 1.5]);
    const whole = (await framesOf(at("frames.ts"), 0.5)).frames;
    for (const [i, { picture }] of frames.entries())
      expect(combs(picture)).toBeLessThan(combs((whole[i] as (typeof whole)[number]).picture) + 0.5);
  });

  test("a video that begins late, and one whose frames have no times", async () => {
    ffmpeg([...pattern, "-vf", "setpts=PTS+2/TB", "-c:v", "mpeg4", at("late.mkv")]);
    ffmpeg([...pattern, "-c:v", "mpeg4", "-f", "m4v", at("raw.m4v")]);
    expect((await framesOf(at("late.mkv"), 0.5)).frames.length).toBeGreaterThanOrEqual(2);
    expect((await framesOf(at("raw.m4v"), 0.5)).frames.length).toBeGreaterThanOrEqual(1);
  });

  test.each([
    ["1/100", 320, 240],
    ["100/1", 320, 240],
    ["1/4", 320, 960],
    ["4/1", 1280, 240],
  ])(
    "pixels of the shape %s have %i × %i: what is too far from square is an error",
    async (sar, width, height) => {
      const file = at(`shape-${sar.replace("/", "-")}.mkv`);
      ffmpeg([...pattern, "-vf", `setsar=${sar}`, ...lossless, file]);
      const [frame] = (await framesOf(file, 1)).frames;
      expect(frame?.picture).toMatchObject({ width, height });
    },
  );

  test("sound alone, a file that is cut off, and one of nothing are reported as what they are", async () => {
    ffmpeg(["-f", "lavfi", "-i", "sine=duration=1", at("sound.mp4")]);
    await expect(framesOf(at("sound.mp4"), 1)).rejects.toThrow("sound.mp4: it contains audio but no video");
    ffmpeg([...pattern, "-c:v", "mpeg4", at("cut.mp4")]);
    truncateSync(at("cut.mp4"), 20_000);
    await expect(framesOf(at("cut.mp4"), 1)).rejects.toThrow("its index, stored at the end, is missing");
    writeFileSync(at("empty.mp4"), "");
    await expect(framesOf(at("empty.mp4"), 1)).rejects.toThrow("empty.mp4 is empty");
    writeFileSync(
      at("noise.mp4"),
      Uint8Array.from({ length: 5000 }, (_, i) => (i * i * 31 + i * 7) % 251),
    );
    await expect(framesOf(at("noise.mp4"), 1)).rejects.toThrow(
      "noise.mp4: ffmpeg finds no frame in it: it is not a video",
    );
  });

  test.skipIf(process.platform === "win32")(
    "a note on a damaged video names ffmpeg's first error",
    async () => {
      ffmpeg([...pattern, "-c:v", "mpeg4", at("whole.mkv")]);
      writeFileSync(at("torn.mkv"), readFileSync(at("whole.mkv")).subarray(0, 20_000));
      const real = spawnSync("which", ["ffmpeg"], { encoding: "utf8" }).stdout.trim();
      // Newer versions report this at the end.
      const script = `#!/bin/sh\n'${real}' "$@"\necho '[error] Error marking filters as finished' >&2\n`;
      mkdirSync(at("newer"));
      writeFileSync(join(at("newer"), "ffmpeg"), script, { mode: 0o755 });
      vi.stubEnv("PATH", `${at("newer")}:${process.env.PATH}`);
      try {
        const { frames, notes } = await framesOf(at("torn.mkv"), 0.1);
        expect(frames.length).toBeGreaterThan(0);
        expect(notes).toEqual([expect.stringContaining("File ended prematurely")]);
      } finally {
        vi.unstubAllEnvs();
      }
    },
  );

  test("a cover image is no video, and the largest stream is the one that is read", async () => {
    ffmpeg(["-f", "lavfi", "-i", "color=red:size=64x64", "-frames:v", "1", at("cover.png")]);
    const cover = ["-disposition:v:0", "attached_pic", "-c:v", "png", "-c:a", "aac"];
    ffmpeg([
      "-i",
      at("cover.png"),
      "-f",
      "lavfi",
      "-i",
      "sine=duration=1",
      "-map",
      "0",
      "-map",
      "1",
      ...cover,
      at("song.mp4"),
    ]);
    await expect(framesOf(at("song.mp4"), 1)).rejects.toThrow("it contains audio but no video");
    ffmpeg(["-i", at("cover.png"), ...pattern, "-map", "0", "-map", "1", ...lossless, at("two.mkv")]);
    const [frame] = (await framesOf(at("two.mkv"), 1)).frames;
    expect(frame?.picture.width).toBe(320);
  });
});

describe.skipIf(!hasFfmpeg)("faces", () => {
  let model: Model;
  const face = clearFace;
  beforeAll(async () => {
    writeClassifier(at("model.safetensors"), smallArchitecture("happy", "sad"));
    model = await loadModel(at("model.safetensors"), { threads: 1, detector: { threshold: 0.1 } });
  });
  afterAll(() => model?.close());

  /** One second of a face as MPEG-2 with non-square pixels. @param shape width of a pixel divided by its height. */
  function clip(name: string, width: number, height: number, shape: string): string {
    const [across = 1, down = 1] = shape.split("/").map(Number);
    const squeeze = across / down;
    // As displayed: a face of 100 × 100 pixels, then squeezed into the frame.
    const shown = composite(Math.round(width * squeeze), height, [{ face, x: 150, y: 120, side: 100 }]);
    const filters = `scale=${width}:${height},setsar=${shape}`;
    ffmpeg(
      [...rawInput(shown, 25), "-vf", filters, "-c:v", "mpeg2video", "-q:v", "2", "-g", "5", at(name)],
      bytesOf(Array.from({ length: 25 }, () => shown)),
    );
    return at(name);
  }
  const joined = (name: string, ...parts: string[]): string => {
    writeFileSync(at(name), Buffer.concat(parts.map((part) => readFileSync(part))));
    return at(name);
  };
  async function predicted(file: string): Promise<VideoFrame[]> {
    const frames: VideoFrame[] = [];
    for await (const frame of predictVideo(model, file, { every: 0.5, smooth: 0 })) frames.push(frame);
    return frames;
  }
  const expectFace = ({ faces }: VideoFrame): void => {
    expect(faces).toHaveLength(1);
    const { box } = faces[0] as VideoFrame["faces"][number];
    expect(overlapOf(box, { x: 100, y: 70, width: 100, height: 100 })).toBeGreaterThan(0.5);
    expect(box.width / box.height).toBeGreaterThan(0.8);
    expect(box.width / box.height).toBeLessThan(1.25);
  };
  const sizes = (frames: readonly VideoFrame[]): string[] => [
    ...new Set(frames.map(({ width, height }) => `${width} × ${height}`)),
  ];

  test.each([
    ["wide pixels, as of HDV", 300, 240, "4/3", "400 × 240"],
    ["narrow pixels, as of DVD", 400, 240, "8/9", "400 × 270"],
  ])("%s are shown square, and boxes are as what is shown", async (_, width, height, shape, size) => {
    const narrow = shape === "8/9";
    const file = narrow ? at("narrow.mkv") : clip("wide.mkv", width, height, shape);
    if (narrow) {
      const shown = composite(400, 270, [{ face, x: 150, y: 120, side: 100 }]);
      ffmpeg(
        [
          ...rawInput(shown, 25),
          "-vf",
          `scale=${width}:${height},setsar=${shape}`,
          "-c:v",
          "mpeg4",
          "-q:v",
          "2",
          file,
        ],
        bytesOf(Array.from({ length: 25 }, () => shown)),
      );
    }
    const frames = await predicted(file);
    expect(sizes(frames)).toEqual([size]);
    for (const frame of frames) expectFace(frame);
  });

  test("a size that changes in the middle: each frame keeps its shape, boxes are in its pixels", async () => {
    const parts = [
      clip("a.ts", 320, 240, "1/1"),
      clip("b.ts", 240, 400, "1/1"),
      clip("c.ts", 640, 240, "1/1"),
    ];
    const frames = await predicted(joined("sizes.ts", ...parts));
    expect(sizes(frames)).toEqual(["320 × 240", "240 × 400", "640 × 240"]);
    expect(frames.map(({ time }) => time)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    for (const frame of frames) expectFace(frame);
  });

  test("the shape of the pixels changes, with and without the size", async () => {
    const parts = [
      clip("square.ts", 320, 240, "1/1"),
      clip("wider.ts", 320, 240, "4/3"),
      clip("other.ts", 400, 300, "4/3"),
    ];
    const file = joined("shapes.ts", ...parts);
    const { version } = await probeVideo(file, file);
    // ffmpeg's command line gives all frames the pixel shape that the stream has at first.
    if (version[0] >= 7) return console.warn("skipped: this ffmpeg passes on no change of the pixels' shape");
    const frames = await predicted(file);
    expect(sizes(frames)).toEqual(["320 × 240", "427 × 240", "533 × 300"]);
    for (const frame of frames) expectFace(frame);
  });

  test("a recording that switches its resolution keeps the number of a face", async () => {
    const small = clip("small.ts", 320, 240, "1/1");
    ffmpeg(["-i", small, "-vf", "scale=640:480", "-c:v", "mpeg2video", "-q:v", "2", at("large.ts")]);
    const frames = await predicted(joined("switched.ts", small, at("large.ts")));
    expect(sizes(frames)).toEqual(["320 × 240", "640 × 480"]);
    expect(new Set(frames.flatMap(({ faces }) => faces.map(({ track }) => track)))).toEqual(new Set([1]));
  });

  test("turned by metadata: boxes are those of the upright frame", async () => {
    const shown = composite(240, 320, [{ face, x: 150, y: 120, side: 100 }]);
    const bytes = bytesOf(Array.from({ length: 10 }, () => shown));
    ffmpeg(
      [...rawInput(shown, 10), "-vf", "transpose=2", "-c:v", "mpeg4", "-q:v", "2", at("turned.mov")],
      bytes,
    );
    turnByMetadata(at("turned.mov"));
    const frames = await predicted(at("turned.mov"));
    expect(sizes(frames)).toEqual(["240 × 320"]);
    for (const frame of frames) expectFace(frame);
  });

  test("fewer frames than are looked at: each counts until the next", async () => {
    const shown = composite(320, 240, [{ face, x: 150, y: 120, side: 100 }]);
    ffmpeg(
      [...rawInput(shown, 1), "-c:v", "mpeg4", "-q:v", "2", at("slow.mkv")],
      bytesOf([shown, shown, shown]),
    );
    const frames = await predicted(at("slow.mkv"));
    expect(frames.map(({ time }) => time)).toEqual([0, 0.5, 1, 1.5, 2]);
    for (const { faces } of frames) expect(faces.map(({ track }) => track)).toEqual([1]);
  });
});
