import { expect, test } from "vitest";
import { cropBases, cropFile } from "./crop-names.ts";

/** Returns the file names of two faces per photo, by photo. */
function filesOf(photos: readonly string[], taken: readonly string[] = []): Record<string, string[]> {
  const bases = cropBases(photos, taken);
  return Object.fromEntries(
    photos.map((photo) => [photo, [0, 1].map((i) => cropFile(bases.get(photo) as string, i))]),
  );
}

test("a photo's crops have its name, in its folder", () => {
  expect(filesOf(["train/happy/IMG_1.JPG", "b"])).toEqual({
    "train/happy/IMG_1.JPG": ["train/happy/IMG_1.png", "train/happy/IMG_1-2.png"],
    b: ["b.png", "b-2.png"],
  });
});

const clashing = ["a.jpg", "a.webp", "A.png", "a-2.jpg", "b-2.jpg", "b.jpg", "c-1.jpg", "c-3.jpg", "d/a.jpg"];

test("no two photos share a name, whatever the file system thinks of upper case", () => {
  const files = filesOf(clashing);
  expect(files["a.jpg"]).toEqual(["a.jpg.png", "a.jpg-2.png"]);
  expect(files["b-2.jpg"]).toEqual(["b-2.jpg.png", "b-2.jpg-2.png"]);
  expect(files["c-3.jpg"]).toEqual(["c-3.png", "c-3-2.png"]);
  expect(files["d/a.jpg"]).toEqual(["d/a.png", "d/a-2.png"]);
  const all = Object.values(files).flat();
  expect(new Set(all.map((name) => name.toLowerCase())).size).toBe(all.length);
});

test("names of crops that exist stay theirs when photos come", () => {
  const first = cropBases(["a.jpg", "e-2.jpg"]);
  const files = filesOf(["a.png", "A-2.jpg", "e.jpg"], [...first.values()]);
  const taken = [...first.values()].flatMap((base) => [cropFile(base, 0), cropFile(base, 1)]);
  for (const name of Object.values(files).flat())
    expect(taken.map((other) => other.toLowerCase())).not.toContain(name.toLowerCase());
});
