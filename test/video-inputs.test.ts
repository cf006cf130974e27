/** Videos as every kind of input: by content and by name, among photos, in a folder, on standard input. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import type { Prediction } from "../src/predict/prediction.ts";
import { isNamedAsVideo, isVideo } from "../src/predict/video-file.node.ts";
import { cli } from "./support/cli.ts";
import { ffmpeg, hasFfmpeg } from "./support/ffmpeg.ts";
import { capture, printed } from "./support/printed.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-inputs-"));
const at = (...names: string[]): string => join(folder, ...names);
const model = at("model.safetensors");

beforeAll(async () => {
  writeClassifier(model, smallArchitecture("happy", "sad"));
  mkdirSync(at("phone"));
  await sharp({ create: { width: 64, height: 64, channels: 3, background: "gray" } })
    .jpeg()
    .toFile(at("phone", "a.jpg"));
  writeFileSync(at("code.ts"), "export const answer = 42;\n".repeat(100));
  if (!hasFfmpeg) return;
  const source = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=5:duration=1"];
  ffmpeg([...source, "-c:v", "mpeg4", at("phone", "b.mp4")]);
  ffmpeg([...source, "-c:v", "mpeg4", at("phone", "c.MOV")]);
  for (const [name, ...options] of [
    ["clip.ts"],
    ["clip.mts"],
    ["clip.m2ts", "-mpegts_m2ts_mode", "1"],
    ["clip.vob", "-target", "pal-dvd"],
    ["clip.mpg"],
    ["clip.mxf"],
    ["clip.flv", "-c:v", "flv"],
    ["clip.wmv", "-c:v", "wmv2"],
    ["clip.3gp", "-c:v", "mpeg4"],
    ["clip.avi", "-c:v", "mpeg4"],
    ["clip.mkv", "-c:v", "mpeg4"],
  ] as const)
    ffmpeg([...source, ...(options.length === 0 ? ["-c:v", "mpeg2video", "-r", "25"] : options), at(name)]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const predict = (...args: string[]): Promise<number> =>
  run(["predict", ...args, "--model", model, "--device", "cpu", "--no-detect"]);

describe.skipIf(!hasFfmpeg)("videos", () => {
  test.each(["ts", "mts", "m2ts", "vob", "mpg", "mxf", "flv", "wmv", "3gp", "avi", "mkv"])(
    ".%s",
    async (ending) => {
      const file = at(`clip.${ending}`);
      expect(isVideo(file)).toBe(true);
      expect(isNamedAsVideo(file)).toBe(true);
      const unnamed = at(`content-of-${ending}`);
      copyFileSync(file, unnamed);
      expect(isVideo(unnamed)).toBe(true);
      expect(await predict(unnamed, "--every", "0.5s", "--csv")).toBe(0);
      expect(printed.out.trim().split("\n").length).toBeGreaterThanOrEqual(3);
    },
  );

  test("a name deceives neither way", async () => {
    expect(isVideo(at("code.ts"))).toBe(false);
    expect(isNamedAsVideo(at("code.ts"))).toBe(false);
    copyFileSync(at("phone", "a.jpg"), at("photo.mov"));
    expect(await predict(at("photo.mov"), "--json")).toBe(0);
    expect(JSON.parse(printed.out)).toMatchObject([{ status: "ok", faces: [{}] }]);
    mkdirSync(at("holiday.mov"));
    copyFileSync(at("phone", "a.jpg"), at("holiday.mov", "a.jpg"));
    printed.out = "";
    expect(await predict(at("holiday.mov"), "--json")).toBe(0);
    expect((JSON.parse(printed.out) as Prediction[])[0]?.file).toContain("a.jpg");
  });

  test("in a folder: images are answered, each video is named once with what to do", async () => {
    expect(await predict(at("phone"), "--json")).toBe(1);
    const rows = JSON.parse(printed.out) as Prediction[];
    expect(rows.map(({ status }) => status)).toEqual(["ok", "unreadable", "unreadable"]);
    expect(rows[1]?.reason).toMatch(/^a video \(MP4\), not an image; pass it alone: `.*predict \S*b\.mp4`$/);
    expect(rows[2]?.reason).toMatch(
      /^a video \(QuickTime\), not an image; pass it alone: `.*predict \S*c\.MOV`$/,
    );
    expect(printed.err.match(/b\.mp4: a video/g)).toHaveLength(1);
    expect(printed.err).not.toContain("damaged");
  });

  test("by a pattern, and beside photos", async () => {
    expect(await predict(at("phone", "*.mp4"), "--json")).toBe(1);
    expect((JSON.parse(printed.out) as Prediction[])[0]?.reason).toContain("pass it alone");
    expect(await predict(at("phone", "a.jpg"), at("phone", "b.mp4"))).toBe(2);
    expect(printed.err).toMatch(/b\.mp4 is a video; pass it alone: `.*predict \S*b\.mp4`/);
  });

  test("on standard input: its timeline, and nothing is left of the temporary file", () => {
    const temporary = at("tmp");
    mkdirSync(temporary);
    const args = [
      "predict",
      "-",
      "--model",
      model,
      "--device",
      "cpu",
      "--no-detect",
      "--every",
      "0.5s",
      "--json",
    ];
    const { stdout, stderr, status } = spawnSync(process.execPath, [...cli, ...args], {
      input: readFileSync(at("phone", "b.mp4")),
      env: { ...process.env, TMPDIR: temporary, TSX_DISABLE_CACHE: "1" },
    });
    expect(status, stderr.toString()).toBe(0);
    expect(JSON.parse(stdout.toString())).toMatchObject([
      { file: "-", status: "ok", frames: [{ time: 0 }, { time: 0.5 }] },
    ]);
    expect(readdirSync(temporary)).toEqual([]);
  }, 20_000);

  test.skipIf(process.platform === "win32")(
    "Ctrl-C: what was found up to there is written, and no other file is left",
    async () => {
      ffmpeg([
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=64x64:rate=25:duration=200",
        "-c:v",
        "mpeg4",
        at("long.mkv"),
      ]);
      mkdirSync(at("stopped"));
      const out = at("stopped", "rows.csv");
      const args = [
        "predict",
        at("long.mkv"),
        "--model",
        model,
        "--device",
        "cpu",
        "--no-detect",
        "--every",
        "0.04s",
      ];
      const child = spawn(process.execPath, [...cli, ...args, "--out", out]);
      const ended = once(child, "close");
      let err = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
      const size = (): number =>
        readdirSync(at("stopped")).reduce((sum, name) => sum + statSync(at("stopped", name)).size, 0);
      while (size() < 2000) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(existsSync(out)).toBe(false);
      child.kill("SIGINT");
      expect((await ended)[0]).toBe(0);
      expect(readdirSync(at("stopped"))).toEqual(["rows.csv"]);
      const [head, ...rows] = readFileSync(out, "utf8").trimEnd().split("\n");
      expect(head).toMatch(/^time,track,/);
      expect(rows.length).toBeGreaterThan(10);
      expect(rows.length).toBeLessThan(5000);
      expect(err).toContain("stopping after this frame");
      expect(err).toMatch(/stopped at \d/);
    },
    30_000,
  );

  test.skipIf(process.platform === "win32").each(["before", "between"])(
    "Ctrl-C ends an ffmpeg that has stalled %s the frames, and nothing of it is left",
    async (when) => {
      const [tools, pid] = [at(`stalls-${when}`), at(`pid-${when}`)];
      mkdirSync(tools);
      const real = spawnSync("which", ["ffmpeg"], { encoding: "utf8" }).stdout.trim();
      const stall = `echo $$ > '${pid}'; exec sleep 100`;
      const probe = when === "before" ? stall : `exec '${real}' "$@"`;
      const script = `#!/bin/sh\ncase "$*" in *-map*) ${stall};; *) ${probe};; esac\n`;
      writeFileSync(join(tools, "ffmpeg"), script, { mode: 0o755 });
      const args = ["predict", at("clip.mkv"), "--model", model, "--device", "cpu", "--no-detect"];
      const env = { ...process.env, PATH: `${tools}:${process.env.PATH}` };
      const child = spawn(process.execPath, [...cli, ...args], { env });
      const ended = once(child, "close");
      let err = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
      while (!existsSync(pid) || statSync(pid).size === 0)
        await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGTERM");
      expect(await ended, err).toEqual([1, null]);
      expect(err).toContain("stopped at 0");
      expect(err).not.toMatch(/crashed|fault/);
      expect(() => process.kill(Number(readFileSync(pid, "utf8")), 0)).toThrow("ESRCH");
    },
    20_000,
  );
});

test.skipIf(process.platform === "win32")(
  "what is no file is no video: what it is, and the way out",
  async () => {
    expect(spawnSync("mkfifo", [at("pipe.mp4")]).status).toBe(0);
    expect(await predict(at("pipe.mp4"))).toBe(2);
    expect(printed.err).toMatch(/pipe\.mp4 is a named pipe; .*`cat \S*pipe\.mp4 \| .*predict -`/);
    symlinkSync("loop.mp4", at("loop.mp4"));
    expect(await predict(at("loop.mp4"))).toBe(2);
    expect(printed.err).toContain("loop.mp4: cannot be opened (ELOOP)");
  },
);

test.skipIf(process.platform === "win32")("a photo that cannot be looked at loses no other", async () => {
  symlinkSync("loop.jpg", at("loop.jpg"));
  const long = at(`${"n".repeat(300)}.jpg`);
  expect(await predict(at("loop.jpg"), long, at("phone", "a.jpg"), "--json")).toBe(1);
  const rows = JSON.parse(printed.out) as Prediction[];
  expect(rows.map(({ status, reason }) => [status, reason])).toEqual([
    ["unreadable", "cannot be opened (ELOOP)"],
    ["unreadable", "cannot be opened (ENAMETOOLONG)"],
    ["ok", undefined],
  ]);
  printed.out = "";
  expect(await predict(at("loop.jpg"), "--json")).toBe(1);
  expect(await predict(long, "--json")).toBe(1);
  expect(printed.err).not.toMatch(/(bug in|fault of) vultus/);
});

test("times between frames are at least a millisecond", async () => {
  writeFileSync(at("any.mp4"), "x");
  expect(await predict(at("any.mp4"), "--every", "0.5ms")).toBe(2);
  expect(printed.err).toContain("--every is 0.5ms; it must be at least 1ms");
});
