/** Coarse-to-fine search with a network that detects white squares as faces. */

import { describe, expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import { type Box, type DetectedFace, overlapOf } from "./boxes.ts";
import { imagePyramid } from "./image-pyramid.ts";
import { type SearchOptions, searchPyramid } from "./pyramid-search.ts";

const sees = { smallest: 14, largest: 96 };
const options: SearchOptions = { search: "thorough", threshold: 0.5, overlap: 0.35 };

function photo(width: number, height: number, squares: readonly Box[], dark = false): Picture {
  const pixels = new Uint8Array(width * height).fill(dark ? 0 : 60);
  for (const square of squares)
    for (let y = square.y; y < square.y + square.height; y++)
      pixels.fill(dark ? 30 : 255, y * width + square.x, y * width + square.x + square.width);
  return { pixels, width, height, channels: 1 };
}

const square = (x: number, y: number, side: number): Box => ({ x, y, width: side, height: side });

/** Finds white squares by their upper left corners. Those outside its size range score low, or nothing. */
function whiteSquares({ pixels, width, height }: Picture): DetectedFace[] {
  const isWhite = (x: number, y: number): boolean =>
    x >= 0 && y >= 0 && x < width && y < height && (pixels[y * width + x] as number) > 128;
  const found: DetectedFace[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isWhite(x, y) || isWhite(x - 1, y) || isWhite(x, y - 1)) continue;
      let [across, down] = [1, 1];
      while (isWhite(x + across, y)) across++;
      while (isWhite(x, y + down)) down++;
      const side = Math.sqrt(across * down);
      const score = side < 8 || side > 120 ? 0 : side < sees.smallest || side > sees.largest ? 0.3 : 0.9;
      found.push({ box: { x, y, width: across, height: down }, score });
    }
  }
  return found;
}

async function search(
  picture: Picture,
  chosen: Partial<SearchOptions> = {},
): Promise<{ faces: DetectedFace[]; looks: Picture[] }> {
  const looks: Picture[] = [];
  const find = async (image: Picture, least: number): Promise<DetectedFace[]> => {
    looks.push(image);
    return whiteSquares(image).filter(({ score }) => score >= least);
  };
  const faces = await searchPyramid(
    imagePyramid(picture),
    { step: 32, sees, find },
    { ...options, ...chosen },
  );
  return { faces, looks };
}

function expectOnce(faces: readonly DetectedFace[], squares: readonly Box[]): void {
  for (const wanted of squares)
    expect(
      faces.filter(({ box }) => overlapOf(box, wanted) > 0.5),
      `${wanted.x}, ${wanted.y}: ${wanted.width} px`,
    ).toHaveLength(1);
  expect(faces).toHaveLength(squares.length);
}

describe("thorough", () => {
  test.each([24, 40, 80, 160, 320, 640, 1100])(
    "finds a face of %i px in four megapixels once",
    async (side) => {
      const place = square(1000, 300, side);
      expectOnce((await search(photo(2300, 1700, [place]))).faces, [place]);
    },
  );

  test("finds many small faces once each, also where tiles meet", async () => {
    const places = Array.from({ length: 60 }, (_, i) =>
      square(40 + 180 * (i % 12), 60 + 300 * Math.floor(i / 12), 34),
    );
    const { faces, looks } = await search(photo(2300, 1700, places));
    expectOnce(faces, places);
    expect(Math.max(...looks.map(({ width, height }) => Math.max(width, height)))).toBeLessThanOrEqual(672);
  });

  test("looks no closer if nothing small is to be seen", async () => {
    expect((await search(photo(2300, 1700, [square(300, 300, 900)]))).looks).toHaveLength(2);
    expect((await search(photo(2300, 1700, [square(300, 300, 20)]))).looks.length).toBeGreaterThan(3);
  });

  test("looks into shadows near small faces", async () => {
    const [bright, dim] = [square(400, 300, 60), square(600, 300, 40)];
    const picture = photo(1600, 1200, [dim], true);
    for (let y = bright.y; y < bright.y + 60; y++)
      picture.pixels.fill(255, y * 1600 + bright.x, y * 1600 + bright.x + 60);
    expectOnce((await search(picture)).faces, [bright, dim]);
  });

  test("takes a face within a face for the same", async () => {
    const find = async (): Promise<DetectedFace[]> => [
      { box: square(10, 10, 60), score: 0.9 },
      { box: square(20, 20, 25), score: 0.8 },
    ];
    const faces = await searchPyramid(
      imagePyramid(photo(200, 150, [])),
      { step: 32, sees, find },
      { ...options, search: "fast" },
    );
    const smaller = faces.filter(({ box }) => box.width < 30);
    expect(smaller).toEqual([]);
  });

  test("searches a long strip in few looks", async () => {
    for (const [width, height] of [
      [200_000, 20],
      [6, 600_000],
    ] as const)
      expect((await search(photo(width, height, []))).looks.length).toBeLessThan(30);
  });
});

test("fast takes two looks, and more only if it finds nothing", async () => {
  const large = square(300, 300, 400);
  const { faces, looks } = await search(photo(2300, 1700, [large]), { search: "fast" });
  expectOnce(faces, [large]);
  expect(looks).toHaveLength(2);
});

test("a number is the longer side of the closest look, but for what lies around the photo", async () => {
  const picture = photo(2300, 1150, [square(300, 300, 40), square(1500, 800, 90)]);
  const scales = async (size: number): Promise<number> => {
    const { looks } = await search(picture, { search: size });
    return Math.max(...looks.slice(1).map(({ width }) => width));
  };
  expect(await scales(416)).toBe(448);
  expect((await search(picture, { search: 416 })).faces).toHaveLength(1);
  expect((await search(picture, { search: 1024 })).faces).toHaveLength(2);
});

test("boxes of a photo smaller than the network's steps lie in it", async () => {
  const { faces } = await search(photo(30, 20, [square(6, 2, 16)]));
  expectOnce(faces, [square(6, 2, 16)]);
});

test.each([64, 128, 320])("a network of %i px is given nothing else, and finds the same", async (side) => {
  const seen = new Set<string>();
  const find = async (image: Picture, least: number): Promise<DetectedFace[]> => {
    seen.add(`${image.width} × ${image.height}`);
    return whiteSquares(image).filter(({ score }) => score >= least);
  };
  const place = square(320, 210, 20);
  const network = { step: side, side, sees: { smallest: 8, largest: 40 }, find };
  const faces = await searchPyramid(imagePyramid(photo(900, 700, [place])), network, options);
  expect([...seen]).toEqual([`${side} × ${side}`]);
  expect(faces.some(({ box }) => overlapOf(box, place) > 0.5)).toBe(true);
});
