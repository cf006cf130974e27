/** Corruptions are pure, keyed by image, stronger with every severity, applicable to any image, and as documented. */

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Picture } from "../../data/dataset.ts";
import { drawFace } from "../../data/synthetic.ts";
import { expressions } from "../../data/synthetic-expression.ts";
import { random } from "../../util/random.ts";
import { gaussianBlur, motionBlur } from "./blur.ts";
import { corruptionGroups } from "./corruption.ts";
import { corrupted, corruptions } from "./registry.node.ts";

const faces = expressions.flatMap((name) => [0, 1, 2, 3].map((i) => drawFace(name, "corruptions", i)));
const face = faces[0] as Picture;

function rgb(picture: Picture): Picture {
  const pixels = Uint8Array.from({ length: picture.pixels.length * 3 }, (_, i) =>
    Math.min(255, (picture.pixels[Math.floor(i / 3)] as number) + 10 * (i % 3)),
  );
  return { ...picture, pixels, channels: 3 };
}

/** Returns the mean absolute difference; a grey image is compared as RGB if the other one is RGB. */
function damage(before: Picture, after: Picture): number {
  const repeat = after.channels / before.channels;
  const sum = after.pixels.reduce(
    (total, value, i) => total + Math.abs(value - (before.pixels[Math.floor(i / repeat)] as number)),
    0,
  );
  return sum / after.pixels.length;
}

/** The parameter value at which an image is unchanged; corruptions without such a value are not listed. */
const neutral: Record<string, number> = {
  darker: 1,
  brighter: 1,
  contrast: 1,
  gamma: 1,
  "coloured-light": 0,
  "side-light": 0,
  rotation: 0,
  perspective: 0,
  translation: 0,
  scale: 1,
  "eyes-covered": 0,
  "mouth-covered": 0,
  patches: 0,
  mask: 0,
  "gaussian-noise": 0,
  blur: 0,
  "motion-blur": 0,
  "down-scaling": 1,
};

test("every group has corruptions, and names are names", () => {
  expect(new Set(corruptions.map(({ group }) => group))).toEqual(new Set(corruptionGroups));
  expect(new Set(corruptions.map(({ name }) => name)).size).toBe(corruptions.length);
  const without = corruptions.filter(({ name }) => neutral[name] === undefined).map(({ name }) => name);
  expect(without).toEqual(["glasses", "shot-noise", "jpeg"]);
});

describe.each(corruptions.map((corruption) => [corruption.name, corruption] as const))(
  "%s",
  (name, corruption) => {
    const corrupt = (picture: Picture, severity: number, id = "a"): Promise<Picture> =>
      corrupted(corruption, picture, severity, id);

    test("gives the same image for the same id, in any order, and leaves its input alone", async () => {
      const before = face.pixels.slice();
      const first = await corrupt(face, 3);
      await corrupt(faces[1] as Picture, 5, "b");
      expect(await corrupt(face, 3)).toEqual(first);
      expect(face.pixels).toEqual(before);
    });

    test("damages more with every severity", async () => {
      const means: number[] = [];
      for (let severity = 1; severity <= 5; severity++) {
        let sum = 0;
        for (const [i, picture] of faces.entries())
          sum += damage(picture, await corrupt(picture, severity, `${i}`));
        means.push(sum / faces.length);
      }
      expect(means[0]).toBeGreaterThan(0);
      for (const [i, value] of means.slice(1).entries()) expect(value).toBeGreaterThan(means[i] as number);
    });

    test("keeps width, height, bytes, and channels but for coloured light", async () => {
      const sizes: Picture[] = [face, rgb(face)];
      for (const [width, height] of [
        [1, 1],
        [1, 9],
        [31, 17],
      ] as const)
        for (const channels of [1, 3] as const)
          sizes.push({ pixels: new Uint8Array(width * height * channels).fill(77), width, height, channels });
      for (const picture of sizes) {
        for (const severity of [1, 5]) {
          const { pixels, width, height, channels } = await corrupt(picture, severity);
          expect(pixels).toBeInstanceOf(Uint8Array);
          expect([width, height]).toEqual([picture.width, picture.height]);
          expect(channels).toBe(name === "coloured-light" ? 3 : picture.channels);
          expect(pixels.length).toBe(width * height * channels);
        }
      }
    });

    test.runIf(neutral[name] !== undefined)("does nothing at its neutral value", async () => {
      for (const picture of [face, rgb(face)]) {
        const same = await corruption.apply(picture, neutral[name] as number, random("neutral"));
        expect(damage(picture, same)).toBe(0);
      }
    });
  },
);

test("draws differ from image to image", async () => {
  for (const corruption of corruptions.filter(({ parameter }) => /random|either|half of/.test(parameter))) {
    const looks = new Set<string>();
    for (let id = 0; id < 8; id++)
      looks.add(Buffer.from((await corrupted(corruption, face, 3, `${id}`)).pixels).toString("base64"));
    expect(looks.size, corruption.name).toBeGreaterThan(1);
  }
});

test("rotation, scale and perspective turn about the centre, by what they say", async () => {
  // One bright pixel on black shows where the formula moves it.
  const dot = (x: number, y: number): Picture => {
    const pixels = new Uint8Array(41 * 41);
    pixels[y * 41 + x] = 255;
    return { pixels, width: 41, height: 41, channels: 1 };
  };
  const brightest = ({ pixels }: Picture): [number, number] => {
    const at = pixels.indexOf(Math.max(...pixels));
    return [at % 41, Math.floor(at / 41)];
  };
  const named = (name: string) =>
    corruptions.find((one) => one.name === name) as (typeof corruptions)[number];
  const turned = brightest(await named("rotation").apply(dot(30, 20), 90, random("dot")));
  expect([
    [20, 10],
    [20, 30],
  ]).toContainEqual(turned);
  expect(brightest(await named("scale").apply(dot(25, 20), 2, random("a")))).toSatisfy(
    ([x, y]: [number, number]) => y === 20 && (x === 30 || Math.abs(x - 22.5) <= 0.5),
  );
  expect(brightest(await named("perspective").apply(dot(20, 20), 45, random("dot")))).toEqual([20, 20]);
});

test("blurs keep the mean, and spread a point as they should", () => {
  const pixels = new Uint8Array(31 * 31);
  pixels[15 * 31 + 15] = 255;
  const point: Picture = { pixels, width: 31, height: 31, channels: 1 };
  const blurred = gaussianBlur(point, 1).pixels;
  // 255/(2π) in the middle, e^-1/2 of it one pixel away.
  expect(blurred[15 * 31 + 15]).toBe(41);
  expect(blurred[15 * 31 + 16]).toBe(25);
  expect(blurred[16 * 31 + 15]).toBe(25);
  const line = motionBlur(point, 4, 0).pixels;
  for (let y = 0; y < 31; y++) if (y !== 15) expect(Math.max(...line.subarray(y * 31, y * 31 + 31))).toBe(0);
  expect(line.filter((value) => value > 0).length).toBe(5);
});

test("docs/robustness.md lists every corruption with its parameters", () => {
  const file = fileURLToPath(new URL("../../../docs/robustness.md", import.meta.url));
  const rows = corruptions.map(({ name, group, parameter, values }) => [
    group,
    `\`${name}\``,
    parameter,
    values.join(", "),
  ]);
  const text = readFileSync(file, "utf8");
  const [before = "", table = "", after = ""] = text.split(/<!-- (?:begin|end) of the table -->/);
  // To update the docs: UPDATE=1 npx vitest run src/evaluate/corruptions && npx biome check --write docs
  if (process.env.UPDATE) {
    const lines = [["group", "corruption", "parameter", "severities 1 to 5"], ["-", "-", "-", "-"], ...rows];
    const written = lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
    writeFileSync(
      file,
      `${before}<!-- begin of the table -->\n\n${written}\n\n<!-- end of the table -->${after}`,
    );
    return;
  }
  const found = table
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  expect(found).toEqual(rows);
});
