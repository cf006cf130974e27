/** The data of a project: classes and their examples. */

import { classKey, folded, splitNamed } from "../../../src/data/names.ts";

/** A class; its name may change, its id does not. */
export interface TaughtClass {
  readonly id: string;
  readonly name: string;
}

export interface Project {
  readonly id: string;
  readonly name: string;
  /** Time of the last change to its classes or examples, in milliseconds since 1970. */
  readonly changed: number;
  readonly classes: readonly TaughtClass[];
}

/** A face cropped from an image. */
export interface Example {
  readonly id: string;
  readonly project: string;
  /** Id of its class. */
  readonly class: string;
  /** The recording that contains this frame; omitted for an image that was added as a file. */
  readonly recording?: string;
  /** Time of recording or adding, in milliseconds since 1970. */
  readonly time: number;
  /** `camera`, or the name of the file. */
  readonly source: string;
  /** A square PNG. */
  readonly image: Blob;
  /** As reduced by `data/thumbnail.ts`, for comparing examples. */
  readonly thumbnail: Uint8Array;
}

const LONGEST_NAME = 40;
/** Characters that no folder name may contain: in the downloaded examples each class is a folder. */
// oxlint-disable-next-line no-control-regex -- Control characters are what it looks for.
const refused = /[\\/:*?"<>|\u0000-\u001f]/;

/** The reason why a class cannot have this name in addition to the `others`; undefined if it can. */
export function refusalOfName(name: string, others: readonly string[]): string | undefined {
  const wanted = name.trim();
  if (wanted === "") return "A class needs a name.";
  if (wanted.length > LONGEST_NAME) return `A name has at most ${LONGEST_NAME} characters.`;
  const [character] = refused.exec(wanted) ?? [];
  if (character !== undefined)
    return `A name cannot contain ${character < " " ? "a control character" : character}`;
  if (/^\.|\.$/.test(wanted)) return "A name cannot begin or end with a dot.";
  if (splitNamed(wanted) !== undefined)
    return `A class cannot be called “${wanted}”: a folder of that name is a part of a data set.`;
  const same = others.find((other) => sameName(other, wanted));
  if (same !== undefined)
    return `There is a class “${same}” already${folded(same) === folded(wanted) ? "" : `, and “${wanted}” is another name of it`}.`;
  return undefined;
}

/** Whether a training would treat them as one class. */
export function sameName(a: string, b: string): boolean {
  return classKey(a) === classKey(b);
}

/** The name, followed by a number if one of the `others` has it. */
export function freeName(name: string, others: readonly string[]): string {
  for (let number = 1; ; number++) {
    const free = number === 1 ? name : `${name} ${number}`;
    if (!others.some((other) => sameName(other, free))) return free;
  }
}

/** The minimum ratio of the largest class to the smallest for a warning. */
const UNBALANCED = 3;

/** A warning if one class has many times the examples of another; counts by class name. */
export function imbalanceOf(counts: readonly (readonly [name: string, count: number])[]): string | undefined {
  const sorted = [...counts].filter(([, n]) => n > 0).sort((a, b) => a[1] - b[1]);
  const [least, most] = [sorted[0], sorted.at(-1)];
  if (!least || !most || most[1] < UNBALANCED * least[1]) return undefined;
  const times = Math.floor(most[1] / least[1]);
  return `“${most[0]}” has ${times} times as many examples as “${least[0]}”. Add examples of “${least[0]}”.`;
}

/** The reason why nothing can be trained yet; undefined if training is possible. */
export function missingForTraining(
  counts: readonly (readonly [name: string, count: number])[],
): string | undefined {
  if (counts.length < 2) return "Add a second class: a model needs at least two classes.";
  const few = counts.filter(([, n]) => n < FEWEST_EXAMPLES).map(([name]) => `“${name}”`);
  if (few.length === 0) return undefined;
  const classes = few.length === 1 ? few[0] : `${few.slice(0, -1).join(", ")} and ${few.at(-1)}`;
  const needed = `Add examples of ${classes}: a class needs at least ${FEWEST_EXAMPLES}.`;
  if (counts.length - few.length < 2) return needed;
  return `${needed} Or delete ${few.length === 1 ? "the class" : "these classes"}.`;
}

/** Minimum number of examples per class for a training: a model would only memorise fewer. */
export const FEWEST_EXAMPLES = 4;
