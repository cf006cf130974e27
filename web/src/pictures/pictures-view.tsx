/** The view of images: a place to add them, and a card for each. */

import { useRef } from "preact/hooks";
import { download } from "../parts/download.ts";
import { count } from "../parts/numbers.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import { PictureCard } from "./picture-card.tsx";
import { resultsJson } from "./results-json.ts";
import type { Pictures } from "./use-pictures.ts";

export interface PicturesViewProps {
  readonly pictures: Pictures;
  readonly models: readonly ModelInfo[];
  readonly threshold: number;
  onFiles(files: readonly File[]): void;
}

export function PicturesView({ pictures, models, threshold, onFiles }: PicturesViewProps) {
  const input = useRef<HTMLInputElement>(null);
  const choose = useRef<HTMLButtonElement>(null);
  const { items } = pictures;
  const done = items.filter(({ result, error }) => result || error).length;
  const empty = items.length === 0;
  return (
    <>
      <h2 class="visually-hidden">Images</h2>
      <section class={empty ? "drop large" : "drop"} aria-label="Add images">
        {empty && <FaceMark />}
        <p>
          <b>Drop images here</b>
          <span class="muted"> or paste them, or</span>
        </p>
        <button ref={choose} class="button primary" type="button" onClick={() => input.current?.click()}>
          Choose images
        </button>
        {empty && (
          <p class="muted hint">
            An image may contain any number of faces. You can also drop your own model, an <code>.onnx</code>{" "}
            file made by <code>vultus export</code>.
          </p>
        )}
        <input
          ref={input}
          class="visually-hidden"
          type="file"
          accept="image/*"
          multiple
          tabIndex={-1}
          aria-hidden="true"
          onChange={({ currentTarget }) => {
            onFiles([...(currentTarget.files ?? [])]);
            currentTarget.value = "";
          }}
        />
      </section>
      {!empty && (
        <div class="results-head">
          <p role="status">
            {done < items.length
              ? `${done} of ${count(items.length, "image")}`
              : count(items.length, "image")}
          </p>
          <button
            class="button quiet"
            type="button"
            disabled={done < items.length}
            onClick={() => download("vultus.json", resultsJson(items, models, threshold), "application/json")}
          >
            Download JSON
          </button>
          <button
            class="button quiet"
            type="button"
            onClick={() => {
              choose.current?.focus();
              pictures.clear();
            }}
          >
            Remove all
          </button>
        </div>
      )}
      <ul class={models.length > 1 ? "cards wide" : "cards"}>
        {items.map((item) => (
          <PictureCard
            key={item.id}
            item={item}
            models={models}
            threshold={threshold}
            onRemove={() => pictures.remove(item.id)}
            onLook={(way) => pictures.look(item.id, way)}
            explain={(model, face) => pictures.explain(item, model, face)}
          />
        ))}
      </ul>
    </>
  );
}

function FaceMark() {
  return (
    <svg class="mark" viewBox="0 0 64 64" width="64" height="64" aria-hidden="true">
      <g fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
        <path d="M4 16V8a4 4 0 0 1 4-4h8M48 4h8a4 4 0 0 1 4 4v8M60 48v8a4 4 0 0 1-4 4h-8M16 60H8a4 4 0 0 1-4-4v-8" />
        <circle cx="32" cy="32" r="17" />
        <path d="M26 27v2M38 27v2M25 37c3 5 11 5 14 0" />
      </g>
    </svg>
  );
}
