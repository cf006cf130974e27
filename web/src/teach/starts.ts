/** The models that a training can start from, and which parts of them are kept for the classes of a project. */

import { classKey } from "../../../src/data/names.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import type { Start, Trained } from "./trainings.ts";

export interface StartChoice {
  /** Stays the same for the same model, whatever the other choices. */
  readonly key: string;
  readonly start: Start;
  /** The classes that the model distinguishes. */
  readonly classes: readonly string[];
  /** Side of its network's input images, in pixels; omitted for a model that was taught here. */
  readonly inputSize?: number;
}

/** Lists the loaded models in order, followed by the one that was taught here. */
export function startsOf(models: readonly ModelInfo[], taught: Trained | undefined): readonly StartChoice[] {
  const loaded = models.flatMap(({ name, address, file, classes, inputSize }): StartChoice[] => {
    const known = { classes, inputSize };
    if (file) return [{ key: `file ${name}`, start: { kind: "file", name, bundle: file }, ...known }];
    return address === undefined ? [] : [{ key: address, start: { kind: "page", name, address }, ...known }];
  });
  if (!taught) return loaded;
  const { bundle, plan } = taught;
  const start: Start = { kind: "taught", name: "the model taught here", bundle };
  return [...loaded, { key: "taught", start, classes: plan.classes }];
}

/** Reports that examples, cut to `cut` pixels, are enlarged for a network that sees larger images; undefined if they are not. */
export function enlargement(inputSize = 0, cut = 0): string | undefined {
  if (inputSize <= cut) return undefined;
  return `Its network sees images of ${inputSize} px. Your examples have ${cut} px and are enlarged, so it may gain less from them.`;
}

/** Reports which classes of a project a model already knows: their rows in its head are kept. */
export function headKept(known: readonly string[], classes: readonly string[]): string {
  const keys = new Set(known.map(classKey));
  const kept = classes.filter((name) => keys.has(classKey(name)));
  if (kept.length === 0)
    return "It knows none of these classes: its last layer starts fresh, and all other layers are kept.";
  if (kept.length === classes.length) return "It knows these classes: all of its layers are kept.";
  const names = kept.map((name) => `“${name}”`).join(", ");
  return `It knows ${names}: its last layer keeps what it knows of them and starts fresh for the other classes.`;
}
