/** Checks and decodes the examples of a training in a browser. */

import { trainingSide } from "../augment/canvas.ts";
import { classCounts, digestOf, type Picture, type Sample, type Split } from "../data/dataset.ts";
import { classKey } from "../data/names.ts";
import { readWebPhoto, type ScaleOf } from "../data/photo.web.ts";
import type { Pixels } from "../data/pixels.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import { inOrder } from "../util/ordered.ts";
import type { WebExample, WebTrainOptions } from "./train-options.web.ts";

/** Files decoded in parallel. */
const AT_ONCE = 4;

type Given = Pick<WebTrainOptions, "training" | "validation" | "classes" | "measure">;

/**
 * Returns the classes of a training after checking that they match the examples.
 *
 * @throws UsageError for fewer than two classes, for a class without training examples, for two names of one class, for an
 * example of another class, and if there are no validation examples to measure on.
 */
export function classesOfExamples({ training, validation, classes: asked, measure = true }: Given): string[] {
  const classes = asked ? [...asked] : [...new Set(training.map(({ label }) => label))].sort();
  if (classes.length < 2)
    throw new UsageError(
      `a classifier needs at least two classes; these examples have ${classes.length === 0 ? "none" : `one, ${classes[0]}`}`,
    );
  const keys = classes.map(classKey);
  for (const [i, name] of classes.entries()) {
    const earlier = keys.indexOf(keys[i] as string);
    if (earlier < i)
      throw new UsageError(`${classes[earlier]} and ${name} are two names of one class; keep one`);
  }
  for (const [split, examples] of [
    ["training", training],
    ["validation", validation],
  ] as const) {
    const at = examples.findIndex(({ label }) => !classes.includes(label));
    if (at >= 0)
      throw new UsageError(
        `${nameOf(split, at)} is of the class ${examples[at]?.label}, which is not one of the classes ${classes.join(", ")}`,
      );
  }
  const without = classes.filter((name) => !training.some(({ label }) => label === name));
  if (without.length > 0)
    throw new UsageError(
      `there are no training examples of ${without.join(", ")}; add some, or leave the class out`,
    );
  if (measure && validation.length === 0)
    throw new UsageError(
      "there are no validation examples, so nothing can be measured; hold some out, or turn measuring off: `measure: false`",
    );
  return classes;
}

/**
 * Decodes the examples of one side, reduced to the size that training needs.
 *
 * @throws FormatError that names the first example that cannot be decoded.
 */
export async function decodeExamples(
  examples: readonly WebExample[],
  split: "training" | "validation",
  classes: readonly string[],
  inputSize: number,
): Promise<Pixels> {
  const most = trainingSide(inputSize);
  const scaleOf: ScaleOf = (width, height) => most / Math.min(width, height);
  const decode = async ([index, { image }]: readonly [number, WebExample]): Promise<Picture> => {
    try {
      return (await readWebPhoto(image, "example", scaleOf)).picture;
    } catch (error) {
      const file = image instanceof File ? ` (${image.name})` : "";
      throw new FormatError(`${nameOf(split, index)}${file} cannot be decoded: ${messageOf(error)}`);
    }
  };
  const pictures: Picture[] = [];
  for await (const picture of inOrder(examples.entries(), AT_ONCE, decode)) pictures.push(picture);
  const side: Split = split === "training" ? "train" : "validation";
  const samples = pictures.map((picture, i): Sample => {
    const label = classes.indexOf(examples[i]?.label as string);
    return { id: idOf(picture), source: { kind: "pixels", picture }, label, split: side };
  });
  const get = (index: number): Picture => pictures[index] as Picture;
  return { samples, get, shape: get };
}

/** Returns the number of examples per class. */
export function countsOf({ samples }: Pixels, classes: readonly string[]): Record<string, number> {
  const counts = classCounts(samples, classes.length);
  return Object.fromEntries(classes.map((name, i) => [name, counts[i] as number]));
}

/** Returns the warning for validation examples that are also training examples. */
export function leakNotes(training: Pixels, validation: Pixels): string[] {
  const known = new Set(training.samples.map(({ id }) => id));
  const count = validation.samples.filter(({ id }) => known.has(id)).length;
  if (count === 0) return [];
  return [
    `leak: ${count} of ${validation.samples.length} validation examples are pixel-identical to training examples, so scores on them are too good`,
  ];
}

/** Returns an id that is equal for equal pixels. */
function idOf({ pixels, width, height, channels }: Picture): string {
  return digestOf([`${width} ${height} ${channels}`, new TextDecoder("latin1").decode(pixels)]);
}

function nameOf(split: "training" | "validation", index: number): string {
  return `${split} example ${index + 1}`;
}
