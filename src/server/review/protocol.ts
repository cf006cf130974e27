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
  /**
   * Index of the class that the list of suspects suggests; missing if it suggests none, and for images of
   * `ReviewSet.blind`.
   */
  readonly suggested?: number;
  /** One share per class, summing to 1, if people voted. */
  readonly votes?: readonly number[];
  /** The current decision. */
  readonly decision?: Decision;
}

/**
 * `GET /v1/review/state`: polled by the page to detect a different set of images, or decisions made in another tab.
 */
export interface ReviewState {
  /** Identifies the images, their labels and the files of decisions. It stays the same after a restart. */
  readonly id: string;
  /** Grows by 1 with every decision that is made or undone. */
  readonly version: number;
}

/**
 * `GET /v1/review`. Other requests can name their review, `?review=<id>`; the server of another review refuses them. Requests
 * that change something must name it, because a page may stay open while its port passes to another server.
 */
export interface ReviewSet extends ReviewState {
  /** `labels`: correct existing labels. `unlabelled`: label images that have none. */
  readonly task: "labels" | "unlabelled";
  /** The folders and files of the data. */
  readonly sources: readonly string[];
  /** The file that decisions are written to. */
  readonly file: string;
  readonly classes: readonly string[];
  /** The model whose predictions are shown, as named by the user. */
  readonly model?: string;
  /** The file whose suspects come first. */
  readonly suspects?: string;
  /** The split whose images are shown without the model's predictions, because results are measured on it. */
  readonly blind?: Split;
  readonly images: readonly ReviewImage[];
  /** Indices of all images in review order: the most certain suspects first, and blind images last, in random order. */
  readonly order: readonly number[];
  /** Whether heat maps of the model are available, and features for neighbours and a map. */
  readonly looks: boolean;
  readonly features: boolean;
  /** Number of steps that can be undone. */
  readonly undoable: number;
  /** Notes for the user, such as that the model was trained on these images. */
  readonly notes: readonly string[];
}

/** `POST /v1/review/decisions`: one decision on one or several images, which is undone in one step. */
export interface DecisionRequest {
  readonly images: readonly number[];
  readonly decision: Decision;
}

/** The response to a decision, and to `POST /v1/review/undo`: every changed image with its current decision. */
export interface Decided extends Pick<ReviewState, "version"> {
  readonly changed: readonly { readonly image: number; readonly decision?: Decision }[];
  readonly undoable: number;
}

/** `GET /v1/review/images/:index/neighbours`: the most similar images according to the model, nearest first; none is blind. */
export interface Neighbours {
  readonly neighbours: readonly { readonly image: number; readonly similarity: number }[];
}

/**
 * `GET /v1/review/map`: the images that the map shows, at most 5,000: the first of `order`, and a sample of the others. Blind
 * images are left out, because their position would reveal the model's prediction. `GET /v1/review/map/features` holds their
 * features, [images, width] little-endian floats, from which the page lays out the map.
 */
export interface ReviewMap {
  readonly images: readonly number[];
  readonly width: number;
}
