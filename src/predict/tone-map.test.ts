/** HDR looks like its SDR version: grey stays grey, colours keep their hue, and what SDR can show hardly changes. */

import { describe, expect, test } from "vitest";
import { toneMapper } from "./tone-map.ts";

const WHITE = 203;

/** RGB of BT.709 light to BT.2020 light (BT.2087, table 2). */
function toBt2020([r, g, b]: readonly number[]): number[] {
  const [red, green, blue] = [r ?? 0, g ?? 0, b ?? 0];
  return [
    0.6274 * red + 0.3293 * green + 0.0433 * blue,
    0.0691 * red + 0.9195 * green + 0.0114 * blue,
    0.0164 * red + 0.088 * green + 0.8956 * blue,
  ];
}

/** The inverse of SMPTE ST 2084, for light as a share of 203 cd/m². */
function pq(light: readonly number[]): number[] {
  const [m1, m2, c1, c2, c3] = [0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875];
  return light.map((value) => {
    const power = ((value * WHITE) / 10_000) ** m1;
    return ((c1 + c2 * power) / (1 + c3 * power)) ** m2;
  });
}

/** The inverse OOTF and the OETF of BT.2100 for a display of 1000 cd/m². */
function hlg(light: readonly number[]): number[] {
  const display = light.map((value) => (value * WHITE) / 1000);
  const [r = 0, g = 0, b = 0] = display;
  const luminance = 0.2627 * r + 0.678 * g + 0.0593 * b;
  return display.map((value) => {
    const scene = luminance === 0 ? 0 : value * luminance ** (1 / 1.2 - 1);
    return scene <= 1 / 12
      ? Math.sqrt(3 * scene)
      : 0.17883277 * Math.log(12 * scene - 0.28466892) + 0.55991073;
  });
}

const encoders = { pq, hlg } as const;

/** Converts 8-bit RGB to HDR of the same light, and back. */
function thereAndBack(transfer: "pq" | "hlg", levels: readonly number[]): number[] {
  const codes: number[] = [];
  for (let i = 0; i < levels.length; i += 3)
    codes.push(...encoders[transfer](toBt2020(levels.slice(i, i + 3).map((level) => (level / 255) ** 2.4))));
  return [...toneMapper(transfer)(Uint16Array.from(codes, (code) => Math.round(65535 * code)))];
}

describe.each(["pq", "hlg"] as const)("%s", (transfer) => {
  const greys = Array.from({ length: 256 }, (_, level) => [level, level, level]).flat();

  test("a grey ramp is the SDR ramp up to three quarters, and goes on rising to 228", () => {
    const back = thereAndBack(transfer, greys);
    for (let level = 0; level < 256; level++) {
      const [r = 0, g = 0, b = 0] = back.slice(3 * level, 3 * level + 3);
      expect(Math.max(r, g, b) - Math.min(r, g, b)).toBeLessThanOrEqual(1);
      if (level <= 190) expect(Math.abs(g - level)).toBeLessThanOrEqual(2);
      if (level > 0) expect(g).toBeGreaterThanOrEqual((back[3 * level - 2] as number) - 1);
    }
    expect(back[3 * 255]).toBeGreaterThan(222);
    expect(back[3 * 255]).toBeLessThan(234);
  });

  test("skin and other colours within SDR stay as they are", () => {
    const colours = [180, 135, 115, 110, 75, 60, 60, 20, 10, 30, 90, 160, 40, 150, 70];
    const back = thereAndBack(transfer, colours);
    for (const [i, level] of colours.entries())
      expect(Math.abs((back[i] as number) - level)).toBeLessThanOrEqual(2);
  });

  test("1000 cd/m² is white, black is black, what no SDR shows is cut", () => {
    const light = 1000 / WHITE;
    const codes = [encoders[transfer]([light, light, light]), [0, 0, 0], [1, 1, 1], [0.5, 0, 0]].flat();
    const back = toneMapper(transfer)(Uint16Array.from(codes, (code) => Math.round(65535 * code)));
    for (const value of back.subarray(0, 3)) expect(value).toBeGreaterThanOrEqual(254);
    expect([...back.subarray(3, 9)]).toEqual([0, 0, 0, 255, 255, 255]);
    expect([...back.subarray(10)]).toEqual([0, 0]);
  });
});
