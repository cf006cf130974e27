import { expect, test } from "vitest";
import type { Picture } from "../data/dataset.ts";
import { type Box, type DetectedFace, overlapOf } from "./boxes.ts";
import { liveSearch } from "./live-search.ts";

/** A grey frame with one white square per face. */
function frameOf(faces: readonly Box[], width = 640, height = 480): Picture {
  const pixels = new Uint8Array(width * height).fill(60);
  for (const { x, y, width: across, height: down } of faces)
    for (let row = y; row < y + down; row++) pixels.fill(250, row * width + x, row * width + x + across);
  return { pixels, width, height, channels: 1 };
}

const square = (x: number, y: number, side: number): Box => ({ x, y, width: side, height: side });

/** Detects separate white squares with sides of 14 to 96 px as faces, and counts its input pixels. */
function squaresNetwork() {
  const looks: string[] = [];
  const find = async ({ pixels, width, height }: Picture): Promise<DetectedFace[]> => {
    looks.push(`${width} × ${height}`);
    const isWhite = (x: number, y: number): boolean => (pixels[y * width + x] as number) > 155;
    const found: DetectedFace[] = [];
    for (let x = 0; x < width; x++) {
      const rowsAt = (column: number): number[] =>
        column < width ? Array.from({ length: height }, (_, y) => y).filter((y) => isWhite(column, y)) : [];
      const rows = rowsAt(x);
      if (rows.length === 0) continue;
      const left = x;
      while (rowsAt(x + 1).length > 0) x++;
      const [top, bottom] = [rows[0] as number, rows.at(-1) as number];
      const box = { x: left, y: top, width: x + 1 - left, height: bottom + 1 - top };
      const side = Math.sqrt(box.width * box.height);
      if (side >= 14 && side <= 96) found.push({ box, score: 0.9 });
    }
    return found;
  };
  return { looks, network: { step: 32, sees: { smallest: 14, largest: 96 }, find } };
}

function searched() {
  const { looks, network } = squaresNetwork();
  const finish = async (found: readonly DetectedFace[]): Promise<DetectedFace[]> => [...found];
  const search = liveSearch(network, { threshold: 0.5, overlap: 0.35, finish });
  return {
    /** Returns the detected faces, and the sizes of the network's inputs. */
    async next(frame: Picture) {
      looks.length = 0;
      const faces = await search(frame);
      return { faces, looks: [...looks] };
    },
  };
}

test("a face is found at once, and then only looked around, but for a look at the whole frame now and then", async () => {
  const { next } = searched();
  const frame = frameOf([square(260, 180, 120)]);
  expect((await next(frame)).faces).toHaveLength(1);
  const later = [];
  for (let i = 0; i < 32; i++) later.push(await next(frame));
  expect(later.every(({ faces }) => faces.length === 1)).toBe(true);
  const wide = later.flatMap(({ looks }) => looks.filter((look) => look !== "64 × 64"));
  expect(wide.sort()).toEqual(["160 × 160", "160 × 160", "256 × 192", "256 × 192"]);
  expect(later.every(({ looks }) => looks.filter((look) => look === "64 × 64").length === 1)).toBe(true);
});

test("no later frame has more than one look at all of it, if there is nothing either", async () => {
  const { next } = searched();
  await next(frameOf([]));
  for (let i = 0; i < 6; i++) expect((await next(frameOf([]))).looks).toHaveLength(1);
});

test("a face that moves by a sixth of its side a frame, and grows, is followed", async () => {
  const { next } = searched();
  const at = (i: number): Box => square(60 + 15 * i, 100 + 5 * i, 90 + 2 * i);
  await next(frameOf([at(0)]));
  await next(frameOf([at(0)]));
  for (let i = 1; i < 20; i++) {
    const { faces } = await next(frameOf([at(i)]));
    expect(faces).toHaveLength(1);
    expect(overlapOf((faces[0] as DetectedFace).box, at(i))).toBeGreaterThan(0.85);
  }
});

test("of many faces a few are looked around in each frame, all in turn", async () => {
  const { next } = searched();
  const row = (down: number): Box[] =>
    Array.from({ length: 8 }, (_, i) => square(10 + 80 * i, 200 + down, 44));
  for (let i = 0; i < 2; i++) await next(frameOf(row(0)));
  for (let i = 1; i <= 20; i++) {
    const { faces, looks } = await next(frameOf(row(2 * i)));
    expect(faces).toHaveLength(8);
    expect(looks.length).toBeLessThanOrEqual(4);
    for (const box of row(2 * i))
      expect(Math.max(...faces.map((face) => overlapOf(face.box, box)))).toBeGreaterThan(0.6);
  }
});

test("a face that is missed in one frame stays, and is followed on", async () => {
  const { next } = searched();
  const frame = frameOf([square(60, 60, 100)]);
  for (let i = 0; i < 4; i++) await next(frame);
  expect((await next(frameOf([]))).faces).toHaveLength(1);
  for (let i = 0; i < 4; i++) expect((await next(frame)).faces).toHaveLength(1);
});

test("a face that vanishes is gone after three frames, and found again when it comes back", async () => {
  const { next } = searched();
  for (let i = 0; i < 4; i++) await next(frameOf([square(60, 60, 100)]));
  for (let i = 0; i < 2; i++) expect((await next(frameOf([]))).faces).toMatchObject([{ missed: true }]);
  expect((await next(frameOf([]))).faces).toEqual([]);
  const back = square(430, 300, 100);
  await next(frameOf([back]));
  const { faces } = await next(frameOf([back]));
  expect(faces).toHaveLength(1);
  expect(faces[0]).not.toHaveProperty("missed");
  expect(overlapOf((faces[0] as DetectedFace).box, back)).toBeGreaterThan(0.8);
});

test("frames of another size are another video", async () => {
  const { next } = searched();
  for (let i = 0; i < 4; i++) await next(frameOf([square(400, 300, 100)]));
  expect((await next(frameOf([], 320, 240))).looks).not.toContain("64 × 64");
});
