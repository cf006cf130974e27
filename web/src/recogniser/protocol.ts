/** The protocol between the page and its worker. */

import type { Picture } from "../../../src/data/dataset.ts";
import type { PriorChoice } from "../../../src/metrics/prior.ts";
import type { Box } from "../../../src/predict/boxes.ts";
import type { WebDetectorOptions } from "../../../src/predict/model.web.ts";
import type { Face } from "../../../src/predict/prediction.ts";
import type { WebDevice } from "../../../src/runtime/session.web.ts";

/** A model that is loaded. */
export interface ModelInfo {
  readonly id: number;
  /** As it was given, or else of its file, without the ending. */
  readonly name: string;
  /** Where it was fetched from; omitted for a file that the user chose. */
  readonly address?: string;
  /** The file that the user chose; omitted if it was fetched. */
  readonly file?: File;
  readonly classes: readonly string[];
  /** Side of the images that its network sees. */
  readonly inputSize: number;
  /** The prior that it came with; left out where its file does not record the trained one, so that no other can be asked for. */
  readonly prior?: "trained" | "other";
}

/** A model to load: its URL, or a file that the user chose. */
export interface ModelToLoad {
  readonly source: string | File;
  readonly name?: string;
  /** The class prior that its probabilities are shifted to; that of its file where it is left out. */
  readonly prior?: PriorChoice | undefined;
}

/** How the models run here. */
export interface Setup {
  readonly model: ModelInfo;
  readonly device: WebDevice;
  /** Of the CPU. */
  readonly threads: number;
  /** Addresses of what the worker has loaded, for use without a network. */
  readonly files: readonly string[];
}

export interface ModelFaces {
  /** Its id. */
  readonly model: number;
  /** The largest first; the same boxes from every model. Labels are those of a threshold of 0. */
  readonly faces: readonly Face[];
  /** The prior of its probabilities, by class, if it is not the trained one. */
  readonly prior?: Readonly<Record<string, number>>;
  /** Why it has no answer. */
  readonly error?: string;
}

/** The models' results for one image; boxes are in its pixels. */
export interface Examination {
  readonly width: number;
  readonly height: number;
  readonly models: readonly ModelFaces[];
  readonly milliseconds: Stages;
}

/** How long each stage took. */
export interface Stages {
  readonly read: number;
  readonly detect: number;
  readonly classify: number;
}

export interface StartRequest {
  readonly model: ModelToLoad;
  /** What finds faces, and addresses of its networks. */
  readonly detector: WebDetectorOptions & { readonly source: string; readonly eyes: string };
}

export interface ExamineRequest {
  readonly photo: Blob | ImageBitmap;
  readonly name: string;
  /**
   * How they are found: thoroughly, the same with the photo also turned by quarters where nothing is found, as the next frame of a
   * camera or video, or not at all: then the whole image is one.
   */
  readonly faces?: "still" | "turned" | "live" | "whole";
}

export interface ExplainRequest {
  readonly photo: Blob;
  readonly model: number;
  /** Of the face, in pixels of the photo; the whole photo where it is left out. */
  readonly box?: Box;
  /** How it was found. */
  readonly faces?: "still" | "turned";
}

/** Where a model looked: what it saw, and the same with the heat map over it. */
export interface ExplainedFace {
  readonly label: string;
  readonly seen: Picture;
  readonly overlay: Picture;
}

export interface CutRequest {
  readonly photo: Blob | ImageBitmap;
  readonly name: string;
  /** As those of `ExamineRequest`. */
  readonly faces: "still" | "live" | "whole";
  /** Whose crops are wanted. */
  readonly model: number;
}

/** The faces of an image, the largest first; boxes are in its pixels. */
export interface CutFaces {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  /** The largest as a square PNG, and as `data/thumbnail.ts` makes it small; left out where there is none. */
  readonly face?: { readonly image: Blob; readonly thumbnail: Uint8Array };
}

/** Requests by kind, each with its parameters and its answer. */
export interface Calls {
  readonly start: { ask: StartRequest; answer: Setup };
  readonly add: { ask: ModelToLoad; answer: ModelInfo };
  /** The same model for another prior, or for the one that it came with: under a new id, since its answers are others. */
  readonly prior: { ask: { model: number; prior: PriorChoice | undefined }; answer: ModelInfo };
  readonly remove: { ask: { model: number }; answer: undefined };
  readonly examine: { ask: ExamineRequest; answer: Examination };
  readonly cut: { ask: CutRequest; answer: CutFaces };
  readonly explain: { ask: ExplainRequest; answer: ExplainedFace };
}

export type Kind = keyof Calls;

export interface Question<K extends Kind = Kind> {
  readonly id: number;
  readonly kind: K;
  readonly ask: Calls[K]["ask"];
}

export type Answer =
  | { readonly id: number; readonly answer: Calls[Kind]["answer"] }
  | { readonly id: number; readonly error: string };
