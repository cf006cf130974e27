import { expect, test } from "vitest";
import { FormatError } from "../util/errors.ts";
import { classifierMetadata, provenanceOf, trainingImagesIn } from "./classifier-file.ts";
import { knownImages } from "./known-images.node.ts";
import { loadClassifier } from "./load.node.ts";
import { noImages, recordOf, unknownImages } from "./training-images.ts";

const knows = (known: ReturnType<typeof knownImages>, ...keys: number[]): boolean[] =>
  keys.map((key) => known.has([key]));

test("a training knows its own images, and those of the weights that it started from", () => {
  const first = recordOf(noImages, [1, 2]);
  const second = recordOf(first, [3]);
  const third = recordOf(second, [4]);
  expect(knows(knownImages(third), 1, 2, 3, 4, 5)).toEqual([true, true, true, true, false]);
  expect(knows(knownImages(third, "before"), 1, 2, 3, 4)).toEqual([true, true, true, false]);
  expect(knownImages(third)).toMatchObject({ isComplete: true, count: 4 });
  expect(knownImages(first, "before")).toMatchObject({ isComplete: true, count: 0 });
});

test("weights of unknown origin make what follows incomplete", () => {
  const later = recordOf(recordOf(unknownImages, [1]), [2]);
  expect(knownImages(later)).toMatchObject({ isComplete: false, count: 2 });
});

test.each(["vultus_m", "vultus_s"])("%s knows the images that it was trained on", (name) => {
  const { metadata, path } = loadClassifier(name);
  const record = trainingImagesIn(metadata, path);
  if (!record) throw new Error("it says nothing");
  const known = knownImages(record);
  // FER2013 without copies and images of two labels, as its card counts them: 26,803, of which some look the same.
  expect(known.count).toBeGreaterThan(26_700);
  expect(known.count).toBeLessThanOrEqual(26_803);
  expect(known.isComplete).toBe(true);
  // What a training from it inherits; its own training began with nothing.
  expect(knownImages(recordOf(record, [7]), "before").count).toBe(known.count);
  expect(knownImages(record, "before").count).toBe(0);
});

test("a set that no longer ships is not taken for none", () => {
  const record = { ...noImages, sets: ["fer2013-00000000"] };
  expect(knownImages(record)).toMatchObject({ isComplete: false, count: 0 });
});

test("the record survives a file's metadata; files without one say nothing", () => {
  const described = { classes: ["a", "b"], inputSize: 32, resize: 1, network: undefined };
  const trainingImages = recordOf(recordOf(noImages, [5]), [6, 2 ** 40 - 1]);
  const metadata = classifierMetadata(described, { trainingImages });
  expect(provenanceOf(metadata, "f").trainingImages).toEqual(trainingImages);
  expect(trainingImagesIn(classifierMetadata(described), "f")).toBeUndefined();
});

test.each(["{", '{"format":2,"complete":true}', '{"format":1,"own":"?","complete":true}'])(
  "a damaged record is refused: %s",
  (text) => {
    expect(() => trainingImagesIn({ training_images: text }, "f.onnx")).toThrow(FormatError);
  },
);

test("a record that is cut short is refused", () => {
  expect(() => knownImages({ ...noImages, own: "AAAAAgUA" })).toThrow(FormatError);
});
