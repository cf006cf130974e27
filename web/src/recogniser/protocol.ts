/** The protocol between the page and its worker. */

import type { Picture } from "../../../src/data/dataset.ts";
import type { PriorChoice } from "../../../src/metrics/prior.ts";
import type { Box } from "../../../src/predict/boxes.ts";
import type { WebDetectorOptions } from "../../../src/predict/model.web.ts";
import type { Face } from "../../../src/predict/prediction.ts";
import type { WebDevice } from "../../../src/runtime/session.web.ts";

/** A loaded model. */
export interface ModelInfo {
  readonly id: number;
  /** As given, or else the file's name without its extension. */
  readonly name: string;
  /** The address that it was fetched from; omitted for a file that the user chose. */
  readonly address?: string;
  /** The file that the user chose; omitted if it was fetched. */
  readonly file?: File;
  readonly classes: readonly string[];
  /** Side of its network's input images. */
  readonly inputSize: number;
  /** Its original prior; omitted if its file does not record the training prior, so that no other prior can be requested. */
  readonly prior?: "trained" | "other";
}

/** A model to load: its URL, or a file that the user chose. */
export interface ModelToLoad {
  readonly source: string | File;
  readonly name?: string;
  /** The class prior to which its probabilities are shifted; the default is the prior of its file. */
  readonly prior?: PriorChoice | undefined;
}

/** How the models run in this browser. */
export interface Setup {
  readonly model: ModelInfo;
  readonly device: WebDevice;
  /** Threads of the CPU. */
  readonly threads: number;
  /** Addresses of the files that the worker has loaded, for use without a network. */
  readonly files: readonly string[];
}

export interface ModelFaces {
  /** Its id. */
  readonly model: number;
  /** The largest first, with the same boxes for all models. Labels use a threshold of 0. */
  readonly faces: readonly Face[];
  /** The prior of its probabilities by class, if it is not the training prior. */
  readonly prior?: Readonly<Record<string, number>>;
  /** The reason why it has no result. */
  readonly error?: string;
}

/** The models' results for one image; boxes are in its pixels. */
export interface Examination {
  readonly width: number;
  readonly height: number;
  readonly models: readonly ModelFaces[];
  readonly milliseconds: Stages;
}

/** The duration of each stage. */
export interface Stages {
  readonly read: number;
  readonly detect: number;
  readonly classify: number;
}

export interface StartRequest {
  readonly model: ModelToLoad;
  /** The face detector, and the addresses of its networks. */
  readonly detector: WebDetectorOptions & { readonly source: string; readonly eyes: string };
}

export interface ExamineRequest {
  readonly photo: Blob | ImageBitmap;
  readonly name: string;
  /**
   * How faces are found: thoroughly; the same plus quarter turns if nothing is found; as the next frame of a camera or video; or
   * not at all: then the whole image is one face.
   */
  readonly faces?: "still" | "turned" | "live" | "whole";
}

export interface ExplainRequest {
  readonly photo: Blob;
  readonly model: number;
  /** Box of the face in pixels of the photo; the whole photo if omitted. */
  readonly box?: Box;
  /** How it was found. */
  readonly faces?: "still" | "turned";
}

/** Where a model looked: its input, and the same with the heat map on top. */
export interface ExplainedFace {
  readonly label: string;
  readonly seen: Picture;
  readonly overlay: Picture;
}

export interface CutRequest {
  readonly photo: Blob | ImageBitmap;
  readonly name: string;
  /** Like those of `ExamineRequest`. */
  readonly faces: "still" | "live" | "whole";
  /** The faces whose crops are wanted. */
  readonly model: number;
}

/** The faces of an image, the largest first; boxes are in its pixels. */
export interface CutFaces {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  /** The largest as a square PNG, and as reduced by `data/thumbnail.ts`; omitted if there is none. */
  readonly face?: { readonly image: Blob; readonly thumbnail: Uint8Array };
}

/** Requests by kind, each with its parameters and its response. */
export interface Calls {
  readonly start: { ask: StartRequest; answer: Setup };
  readonly add: { ask: ModelToLoad; answer: ModelInfo };
  /** The same model for another prior, or for its original one: under a new id, since its predictions differ. */
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
