/** A JPEG from file to network input, in vultus and in torchvision: decoding, resizing, cropping. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp, { type OverlayOptions } from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import { buildAnySize } from "../src/augment/validation.ts";
import { readPicture } from "../src/data/decode.node.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { bundleInput } from "../src/evaluate/run-bundle.ts";
import { readSafetensors } from "../src/formats/safetensors.node.ts";
import { encode } from "../src/graph/encode.ts";
import { Graph } from "../src/graph/graph.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { hasPython, python } from "./support/python.ts";

const script = fileURLToPath(new URL("reference/preprocess.py", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "vultus-preprocessing-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** FER2013's images if they were unpacked, else drawn faces. */
const real = process.env.VULTUS_FER2013 ?? "/tmp/fer/images";

/** Faces next to each other, in colour, as one JPEG. */
async function photo(name: string, width: number, height: number): Promise<string> {
  const path = join(folder, name);
  const happy = join(real, "validation", "happy");
  const files = existsSync(happy) ? readdirSync(happy).slice(0, 6) : [];
  const tiles: OverlayOptions[] = [];
  for (let i = 0; i < 6; i++) {
    const side = Math.floor(Math.min(width / 3, height / 2));
    const { pixels } = drawFace("happy", name, i);
    const face = files[i]
      ? sharp(join(happy, files[i] ?? ""))
      : sharp(pixels, { raw: { width: 48, height: 48, channels: 1 } });
    const input = await face.resize(side, side).tint({ r: 230, g: 180, b: 150 }).png().toBuffer();
    tiles.push({
      input,
      left: (i % 3) * Math.floor(width / 3),
      top: Math.floor(i / 3) * Math.floor(height / 2),
    });
  }
  await sharp({ create: { width, height, channels: 3, background: "#7090b0" } })
    .composite(tiles)
    .jpeg({ quality: 92 })
    .toFile(path);
  return path;
}

async function prepared(path: string, size: number, resize: number): Promise<Float32Array> {
  const graph = new Graph();
  const x = graph.input("pictures", "float32", ["N", 3, "H", "W"]);
  graph.output("y", buildAnySize(x, { size, resize, mean: [0, 0, 0], std: [1, 1, 1] }));
  const session = await openSession(encode(graph, "prepare"), { device: "cpu", threads: 2 });
  const picture = await readPicture({ kind: "file", path });
  const { y } = await session.run({ pictures: bundleInput([picture], "float32") });
  await session.release();
  return y?.data as Float32Array;
}

describe.skipIf(!hasPython("torchvision"))("against torchvision", () => {
  test.each([
    ["larger.jpg", 640, 480],
    ["high.jpg", 301, 517],
    ["smaller.jpg", 150, 120],
  ])("%s, %i×%i", async (name, width, height) => {
    const path = await photo(name, width, height);
    const out = join(folder, "out.safetensors");
    const { status, stderr } = spawnSync(python, [script, "256", "224", out, path], { encoding: "utf8" });
    expect(status, stderr).toBe(0);
    const expected = readSafetensors(out).tensors.get(basename(path))?.data as Float32Array;
    const actual = await prepared(path, 224, 256 / 224);
    expect(actual.length).toBe(expected.length);
    const difference =
      expected.reduce((sum, v, i) => sum + Math.abs(v - (actual[i] as number)), 0) / expected.length;
    // Pillow rounds to bytes after each pass, and the JPEG decoders upsample chroma differently.
    expect(difference * 255).toBeLessThan(2);
    if (process.env.VULTUS_SHOW) console.log(`${name}: mean difference ${(difference * 255).toFixed(3)}/255`);
  });
});
