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

const splitNames: Record<Split, readonly string[]> = {
  train: ["train", "training"],
  validation: ["validation", "valid", "val", "dev", "publictest"],
  test: ["test", "testing", "privatetest"],
};

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

/** Without case, outer spaces or the two ways Unicode has of writing é. */
function folded(name: string): string {
  return name.trim().normalize("NFC").toLowerCase();
}

/** The emotion that a name means ("Happiness" means "happy"), or undefined for any other class name. */
export function emotionNamed(name: string): string | undefined {
  return emotionOf.get(folded(name));
}

/** What two spellings of one class have in common. */
export function classKey(name: string): string {
  return emotionNamed(name) ?? folded(name);
}

/** The split that a folder or a CSV cell names, or undefined. */
export function splitNamed(name: string): Split | undefined {
  return splitOf.get(folded(name));
}
