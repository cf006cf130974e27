/**
 * `models.json` next to the page lists its models. The build writes one for the model that ships, `vultus export --to
 * web` one for an exported model, and `vultus serve` generates one for its models.
 */

import type { PriorChoice } from "../metrics/prior.ts";
import { urlName } from "../util/url-name.ts";

/** File name, in the page's folder. */
export const PAGE_MODELS = "models.json";

export interface PageModel {
  /** Display name on the page. */
  readonly name: string;
  /** URL of its bundle, relative to `models.json`. */
  readonly file: string;
  /** Size of the bundle. */
  readonly bytes: number;
  /** The class prior that its probabilities are shifted to. Default: that of its file. */
  readonly prior?: PriorChoice;
}

/** The face detector, if it differs from the page's built-in one. */
export interface PageDetector {
  /** URL of its ONNX file, relative to `models.json`. Default: the detector that ships. */
  readonly file?: string;
  /** Settings that differ from the detector's own; `predict/onnx-detector.ts` explains each. */
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
  /** Loaded on request of the user. */
  readonly offered?: readonly PageModel[];
  readonly detector?: PageDetector;
}

/** Returns a prior for `PageModel`, by class. It is not rounded, because the page computes with it. */
export function pagePrior(classes: readonly string[], prior: readonly number[]): Record<string, number> {
  return Object.fromEntries(classes.map((name, k) => [name, prior[k] as number]));
}

/** Path of a detector other than the one that ships, relative to `models.json`. */
export const PAGE_DETECTOR = "faces/served.onnx";

/** Returns the path of a model's bundle, relative to `models.json`. */
export function pageModelFile(name: string): string {
  return `models/${urlName(name)}.onnx`;
}

/** Like `pageModelFile`, for several models: names that would share a file, such as `a b` and `a_b`, are numbered. */
export function pageModelFiles(names: readonly string[]): string[] {
  const files: string[] = [];
  for (const name of names) {
    let file = pageModelFile(name);
    for (let number = 2; files.includes(file); number++) file = pageModelFile(`${name}-${number}`);
    files.push(file);
  }
  return files;
}

/** Returns the text of `models.json`. */
export function pageModelsText(models: PageModels): string {
  return `${JSON.stringify(models, undefined, 2)}\n`;
}
