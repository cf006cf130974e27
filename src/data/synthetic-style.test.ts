/**
 * Over 500 drawn faces, everything that obscures the expression occurs at both ends of its range, or both present and
 * absent.
 */

import { expect, test, vi } from "vitest";
import { drawFace } from "./synthetic.ts";
import type * as Canvas from "./synthetic-canvas.ts";
import { expressions } from "./synthetic-expression.ts";
import type * as Features from "./synthetic-features.ts";
import type * as Style from "./synthetic-style.ts";

/** The values that every face was drawn with, by name. */
const drawn = vi.hoisted(() => new Map<string, (number | string)[]>());
const record = vi.hoisted(() => (values: object) => {
  for (const [name, value] of Object.entries(values)) {
    if (!drawn.has(name)) drawn.set(name, []);
    drawn.get(name)?.push(value);
  }
});

vi.mock("./synthetic-canvas.ts", async (original) => {
  const actual = await original<typeof Canvas>();
  const framesOf: typeof actual.framesOf = (pose) => {
    record(pose);
    return actual.framesOf(pose);
  };
  return { ...actual, framesOf };
});

vi.mock("./synthetic-features.ts", async (original) => {
  const actual = await original<typeof Features>();
  const drawBuild: typeof actual.drawBuild = (hair, rng) => {
    const build = actual.drawBuild(hair, rng);
    record({ skin: build.skin, age: build.age });
    return build;
  };
  const paintGlasses: typeof actual.paintGlasses = (...face) => {
    record({ glasses: 1 });
    actual.paintGlasses(...face);
  };
  return { ...actual, drawBuild, paintGlasses };
});

vi.mock("./synthetic-style.ts", async (original) => {
  const actual = await original<typeof Style>();
  const drawHair: typeof actual.drawHair = (rng) => {
    const hair = actual.drawHair(rng);
    record({ style: hair.style, beard: hair.beard, shade: hair.shade });
    return hair;
  };
  const light: typeof actual.light = (picture, frames, aspect, angle, strength) => {
    record({ angle, strength });
    actual.light(picture, frames, aspect, angle, strength);
  };
  const paintOcclusion: typeof actual.paintOcclusion = (picture, ...face) => {
    const before = picture.slice();
    actual.paintOcclusion(picture, ...face);
    if (picture.some((value, i) => value !== before[i])) record({ occlusion: 1 });
  };
  /** On a uniform grey, the exposure of the camera is the mean, and its noise is the deviation. */
  const expose: typeof actual.expose = (picture, rng) => {
    const pixels = actual.expose(
      picture.map(() => 0.5),
      rng,
    );
    const mean = pixels.reduce((a, b) => a + b, 0) / pixels.length;
    const variance = pixels.reduce((sum, v) => sum + (v - mean) ** 2, 0) / pixels.length;
    record({ exposure: mean, noise: Math.sqrt(variance) });
    return pixels;
  };
  return { ...actual, drawHair, light, paintOcclusion, expose };
});

test("500 faces differ in pose, hair, skin, light, camera, glasses and what stands before them", () => {
  for (let i = 0; i < 500; i++) drawFace(expressions[i % 6] ?? "neutral", "styles", i);
  const [low, high] = [new Map<string, number>(), new Map<string, number>()];
  for (const [name, values] of drawn) {
    const numbers = values.filter((value) => typeof value === "number");
    low.set(name, Math.min(...numbers));
    high.set(name, Math.max(...numbers));
  }
  // Ranges are covered to within a tenth at either end; turns of the head, which are unbounded, to two deviations.
  for (const [name, from, to] of [
    ["radius", 16.8, 19.2],
    ["aspect", 1.236, 1.364],
    ["centreX", 22.8, 25.2],
    ["centreY", 22.8, 25.2],
    ["yaw", -0.34, 0.34],
    ["pitch", -0.2, 0.2],
    ["roll", -0.18, 0.18],
    ["skin", 0.36, 0.8],
    ["age", 0.1, 0.9],
    ["shade", 0.06, 0.85],
    ["angle", 0.63, 5.65],
    ["strength", 0.15, 0.55],
    // In grey levels: the maximum noise is 0.03 of 255.
    ["noise", 0.77, 6.9],
    ["exposure", 90, 155],
  ] as const) {
    expect(drawn.get(name), name).toHaveLength(500);
    expect(low.get(name), `least ${name}`).toBeLessThan(from);
    expect(high.get(name), `greatest ${name}`).toBeGreaterThan(to);
  }
  const styles = ["bald", "bun", "cap", "curly", "fringe", "long", "parted", "scarf", "short"];
  expect(new Set(drawn.get("style"))).toEqual(new Set(styles));
  expect(new Set(drawn.get("beard"))).toEqual(new Set(["full", "moustache", "none", "stubble"]));
  for (const [name, share] of [
    ["glasses", 0.15],
    ["occlusion", 0.22],
  ] as const)
    expect(Math.abs((drawn.get(name)?.length ?? 0) / 500 - share), name).toBeLessThan(0.06);
});
