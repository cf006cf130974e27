/** Names as people write them: emotions with their synonyms, splits with their short forms. */

import type { Split } from "./dataset.ts";

const emotions: Record<string, readonly string[]> = {
  angry: ["anger"],
  contempt: ["contemptuous"],
  disgust: ["disgusted"],
  fear: ["fearful", "afraid", "scared"],
  happy: ["happiness", "joy", "joyful"],
  neutral: ["neutrality"],
  sad: ["sadness"],
  surprise: ["surprised"],
};

/** Words that name an emotion only next to others, as in "Happily Surprised"; alone they are class names like any other. */
const wordForms: Record<string, readonly string[]> = {
  angry: ["angrily", "angered"],
  contempt: ["contemptuously"],
  disgust: ["disgusting", "disgustedly"],
  fear: ["fearfully", "frightened"],
  happy: ["happily", "joyfully"],
  sad: ["sadly", "saddened"],
  surprise: ["surprising", "surprisingly"],
};

/** Words that deny the emotion in them. */
const denials: Record<string, string> = {
  fearless: "fear",
  joyless: "happy",
  unafraid: "fear",
  unhappily: "happy",
  unhappiness: "happy",
  unhappy: "happy",
  unsurprised: "surprise",
};

/** Words that negate the emotion next to them. */
const negations = new Set(
  "anti cannot except isn neither never no non nor not other others rest than un versus vs without".split(
    " ",
  ),
);

/** Words that express doubt about the emotion next to them. */
const doubts = new Set("ambiguous but maybe mixed or perhaps possibly uncertain unclear unsure".split(" "));

/** Words that carry no information about the class. */
const fillers = new Set(
  (
    "class crop crops data dataset emotion emotions expression expressions face faces facial image images img imgs " +
    "label people person photo photos pic pics picture pictures portrait portraits"
  ).split(" "),
);

const splitNames: Record<Split, readonly string[]> = {
  train: ["train", "training", "trn"],
  validation: ["validation", "validate", "valid", "val", "dev", "publictest"],
  test: ["test", "testing", "tst", "privatetest"],
};

/** Words without meaning next to the name of a split: `train_set`, `test images`. */
const splitFillers = new Set([...fillers, "folder", "set", "split", "subset"]);

/** Words that people use for unsorted images, or for empty cells in a table. */
const strayWords = new Set(
  (
    "all backup bad discard discarded misc miscellaneous na nan new nil none null old other others processed raw rejected " +
    "rest sorted temp tmp todo trash uncategorized unclassified unknown unlabeled unlabelled unsorted unused"
  ).split(" "),
);

const emotionOf = new Map(
  Object.entries(emotions).flatMap(([name, synonyms]) =>
    [name, ...synonyms].map((word) => [word, name] as const),
  ),
);
const splitOf = new Map(
  Object.entries(splitNames).flatMap(([split, names]) =>
    names.map((name) => [name, split as Split] as const),
  ),
);

const emotionOfWord = new Map([
  ...emotionOf,
  ...Object.entries(wordForms).flatMap(([name, words]) => words.map((word) => [word, name] as const)),
  ...Object.entries(denials),
]);

/** Folds case, outer spaces and Unicode's two ways of writing é. */
export function folded(name: string): string {
  return name.trim().normalize("NFC").toLowerCase();
}

/** Returns the emotion that a name means ("Happiness" means "happy"), or undefined for any other class name. */
export function emotionNamed(name: string): string | undefined {
  return emotionOf.get(folded(name));
}

/** The meaning of the words in a class name. */
export interface NameReading {
  /** The emotions that occur in it, sorted. */
  readonly emotions: readonly string[];
  /** Whether it clearly means its one emotion: no second emotion, no negation, no doubt. */
  readonly isClear: boolean;
  /** Whether a word denies the emotion, as in `not happy` and `unhappy`. */
  readonly isDenied: boolean;
  /** The remaining words that distinguish it: `low` in `happy_low`, nothing in `Happy Faces!`. */
  readonly rest: string;
}

/**
 * Reads a class name word by word, ignoring case and signs: `Happy Faces`, `happy_faces`, `HappyFaces` and `01 happy :)` have one
 * clear emotion; `happy_or_sad`, `not happy` and `unhappy` have none.
 */
export function readName(name: string): NameReading {
  const words = wordsOf(name);
  const emotions = [...new Set(words.flatMap((word) => emotionOfWord.get(word) ?? []))].sort();
  const isDenied = words.some((word) => negations.has(word) || Object.hasOwn(denials, word));
  const isDoubtful = isDenied || words.some((word) => doubts.has(word));
  const rest = words.filter((word) => !emotionOfWord.has(word) && !fillers.has(word)).sort();
  return { emotions, isClear: emotions.length === 1 && !isDoubtful, isDenied, rest: rest.join(" ") };
}

function wordsOf(name: string): string[] {
  return (
    name
      .normalize("NFC")
      .replace(/(\p{Ll})(?=\p{Lu})/gu, "$1 ")
      .toLowerCase()
      .match(/\p{L}+|\p{N}+/gu) ?? []
  );
}

/** Returns a key that all spellings of one class share. */
export function classKey(name: string): string {
  return emotionNamed(name) ?? folded(name);
}

/** Whether a class name states that its images have no class, such as `unsorted` and `N/A`. */
export function isStray(name: string): boolean {
  const words = wordsOf(name).filter((word) => !fillers.has(word));
  return words.length > 0 && (words.every((word) => strayWords.has(word)) || strayWords.has(words.join("")));
}

/** Returns the split that a folder or a CSV cell names, such as `val` or `Validation set`; undefined if none. */
export function splitNamed(name: string): Split | undefined {
  const whole = splitOf.get(folded(name));
  if (whole) return whole;
  const [word = "", ...more] = wordsOf(name).filter((one) => !splitFillers.has(one));
  return more.length === 0 ? splitOf.get(word) : undefined;
}
