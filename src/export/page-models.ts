/**
 * `models.json` beside the page, which names its models. The build writes one for the model that ships, `vultus export --to
 * web` one for an exported model, and `vultus serve` answers with one for the models that it serves.
 */

import type { PriorChoice } from "../metrics/prior.ts";
import { urlName } from "../util/url-name.ts";

/** Its name, beside the page. */
export const PAGE_MODELS = "models.json";

export interface PageModel {
  /** What the page calls it. */
  readonly name: string;
  /** Address of its bundle, relative to `models.json`. */
  readonly file: string;
  /** Size of the bundle. */
  readonly bytes: number;
  /** The class prior that its probabilities are shifted to; left out, it is that of its file. */
  readonly prior?: PriorChoice;
}

/** What finds the faces, where it is not as the page was built. */
export interface PageDetector {
  /** Address of its ONNX file, relative to `models.json`; left out, it is the one that ships. */
  readonly file?: string;
  /** What differs from its own settings; `predict/onnx-detector.ts` tells what each means. */
  readonly settings: {
    readonly size?: number;
    readonly threshold?: number;
    readonly overlap?: number;
    readonly search?: "thorough" | "fast";
    readonly rotate?: "auto" | "none";
  };
}

export interface PageModels {
  /** Loaded at once; the page compares the first two. At least one. */
  readonly models: readonly PageModel[];
  /** Loaded when a person asks for them. */
  readonly offered?: readonly PageModel[];
  readonly detector?: PageDetector;
}

/** A prior for `PageModel`, by class: not rounded, as for people, since the page computes with it. */
export function pagePrior(classes: readonly string[], prior: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, k) => [name, prior[k] as number]));
}

/** Where a detector lies that is not the one that ships, relative to `models.json`. */
export const PAGE_DETECTOR = "faces/served.onnx";

/** Where the bundle of a model lies, relative to `models.json`. */
export function pageModelFile(name: string): string {
  return `models/${urlName(name)}.onnx`;
}

/** As `pageModelFile`, for models beside each other: names that would share a file, such as `a b` and `a_b`, are numbered. */
export function pageModelFiles(names: readonly string[]): string[] {
  const files: string[] = [];
  for (const name of names) {
    let file = pageModelFile(name);
    for (let number = 2; files.includes(file); number++) file = pageModelFile(`${name}-${number}`);
    files.push(file);
  }
  return files;
}

/** What is written into `models.json`. */
export function pageModelsText(models: PageModels): string {
  return `${JSON.stringify(models, undefined, 2)}\n`;
}
