/** The layout of the map: read from the server, computed in a worker, and kept while other views are open. */

import type { ReviewMap, ReviewState } from "../../../src/server/review/protocol.ts";
import { messageOf } from "../../../src/util/errors.ts";
import { address, ask, askJson } from "./requests.ts";
import type { FromLayout, ToLayout } from "./review-worker.ts";

export type LayoutState =
  | { readonly kind: "none" }
  | { readonly kind: "reading" }
  | { readonly kind: "settling"; readonly share: number }
  | { readonly kind: "settled" }
  | { readonly kind: "failed"; readonly reason: string };

export interface MapLayout {
  readonly state: LayoutState;
  /** Images by their index in the layout. */
  readonly images: readonly number[];
  /** [x, y] of each; undefined until the first layout is known. */
  readonly positions: Float32Array | undefined;
  start(review: ReviewState): void;
  cancel(): void;
}

export function createMapLayout(changed: () => void): MapLayout {
  let state: LayoutState = { kind: "none" };
  let images: readonly number[] = [];
  let positions: Float32Array | undefined;
  let worker: Worker | undefined;
  let reading: AbortController | undefined;

  const become = (next: LayoutState): void => {
    state = next;
    changed();
  };
  const stop = (): void => {
    worker?.terminate();
    worker = undefined;
    reading?.abort();
    reading = undefined;
  };
  const fail = (reason: string): void => {
    stop();
    become({ kind: "failed", reason });
  };

  const compute = (request: ToLayout): void => {
    worker = new Worker(new URL("./review-worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("error", ({ message }) => fail(message || "the worker could not be started"));
    worker.addEventListener("message", ({ data }: MessageEvent<FromLayout>) => {
      if (data.kind === "failed") return fail(data.reason);
      ({ positions } = data);
      if (data.done < data.of) return become({ kind: "settling", share: data.done / data.of });
      stop();
      become({ kind: "settled" });
    });
    worker.postMessage(request, [request.features.buffer]);
  };

  const begin = async ({ id }: ReviewState, signal: AbortSignal): Promise<void> => {
    try {
      const map = await askJson<ReviewMap>(address("map", id), { signal });
      const bytes = await (await ask(address("map/features", id), { signal })).arrayBuffer();
      if (signal.aborted) return;
      const count = map.images.length;
      if (count === 0) throw new Error("there are no images to lay out");
      if (bytes.byteLength !== 4 * count * map.width) throw new Error("the features do not fit the images");
      ({ images } = map);
      become({ kind: "settling", share: 0 });
      compute({ features: new Float32Array(bytes), count });
    } catch (error) {
      if (!signal.aborted) fail(messageOf(error));
    }
  };

  return {
    get state() {
      return state;
    },
    get images() {
      return images;
    },
    get positions() {
      return positions;
    },
    start(review) {
      if (state.kind !== "none" && state.kind !== "failed") return;
      positions = undefined;
      reading = new AbortController();
      become({ kind: "reading" });
      void begin(review, reading.signal);
    },
    cancel() {
      stop();
      positions = undefined;
      become({ kind: "none" });
    },
  };
}
