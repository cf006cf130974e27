/** The protocol between the `vultus review` server and its page; only types, so that the page can import them. */

import type { Decision } from "../../data/corrections.ts";
import type { Split } from "../../data/dataset.ts";

export type { Decision };

/** The model's prediction for an image. */
export interface Opinion {
  /** Index into the classes. */
  readonly answer: number;
  readonly probability: number;
  /** The probability of the image's label. */
  readonly ofLabel?: number;
}

/** An image; everywhere else, its index in `ReviewSet.images` identifies it. */
export interface ReviewImage {
  readonly id: string;
  readonly split: Split;
  /** Index into the classes, as the data has it; missing for images without labels. */
  readonly label?: number;
  /** Missing if there is none, and for images of `ReviewSet.blind`. */
  readonly opinion?: Opinion;
  /** Index of the class that the list of suspects suggests; missing if it has none, and for images of `ReviewSet.blind`. */
  readonly suggested?: number;
  /** One share per class, summing to 1, where people voted. */
  readonly votes?: readonly number[];
  /** What was decided so far. */
  readonly decision?: Decision;
}

/** `GET /v1/review/state`: what a page asks again and again, to notice other images, and decisions of another tab. */
export interface ReviewState {
  /** What is reviewed, and where decisions go: another one for other images, labels or files, and the same after a restart. */
  readonly id: string;
  /** Grows by 1 with every decision that is made or undone. */
  readonly version: number;
}

/**
 * `GET /v1/review`. Other requests name the review that they are about, `?review=<id>`, and are refused by the server of another
 * one. A request that changes something must name it: a page may be left open while its port goes to another server.
 */
export interface ReviewSet extends ReviewState {
  /** `labels`: correct labels. `unlabelled`: label images that have none. */
  readonly task: "labels" | "unlabelled";
  /** The folders and files of the data. */
  readonly sources: readonly string[];
  /** The file that decisions are written to. */
  readonly file: string;
  readonly classes: readonly string[];
  /** The model whose answers are shown, as the user named it. */
  readonly model?: string;
  /** The file whose suspects come first. */
  readonly suspects?: string;
  /** The split whose images are shown without the model's answers, because results are measured on it. */
  readonly blind?: Split;
  readonly images: readonly ReviewImage[];
  /** Indices of all images in the order in which to look: the surest suspects first, blind images last, in random order. */
  readonly order: readonly number[];
  /** Whether the model can show where it looked, and there are features for neighbours and a map. */
  readonly looks: boolean;
  readonly features: boolean;
  /** Steps that can be undone. */
  readonly undoable: number;
  /** Notes for the user, such as that the model was trained on these images. */
  readonly notes: readonly string[];
}

/** `POST /v1/review/decisions`: one decision on one or many images; undone in one step. */
export interface DecisionRequest {
  readonly images: readonly number[];
  readonly decision: Decision;
}

/** The answer to a decision, and to `POST /v1/review/undo`: every image that changed, and what holds for it now. */
export interface Decided extends Pick<ReviewState, "version"> {
  readonly changed: readonly { readonly image: number; readonly decision?: Decision }[];
  readonly undoable: number;
}

/** `GET /v1/review/images/:index/neighbours`: the most similar images according to the model, nearest first; none is blind. */
export interface Neighbours {
  readonly neighbours: readonly { readonly image: number; readonly similarity: number }[];
}

/**
 * `GET /v1/review/map`: which images the map shows, at most 5,000: the first of `order`, and a sample of the others. Blind images
 * are not on it: their position would reveal the model's answer.
 * `GET /v1/review/map/features` holds their features, [images, width] little-endian floats, from which the page lays out the map.
 */
export interface ReviewMap {
  readonly images: readonly number[];
  readonly width: number;
}
