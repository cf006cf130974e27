/** One image: its faces in boxes, and their expressions. */

import { useRef, useState } from "preact/hooks";
import type { Face } from "../../../src/predict/prediction.ts";
import type { Extent } from "../parts/place-labels.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import { FaceResult } from "./face-result.tsx";
import { NoFace } from "./no-face.tsx";
import { Photo } from "./photo.tsx";
import type { PictureItem, Pictures } from "./use-pictures.ts";

/** The last selected face, by its box or in the list. */
export interface Choice {
  readonly face: number;
  readonly inPhoto: boolean;
}

export interface PictureCardProps {
  readonly item: PictureItem;
  readonly models: readonly ModelInfo[];
  readonly threshold: number;
  onRemove(): void;
  /** Analyses the image again, in another way. */
  onLook(way: "turned" | "whole"): void;
  explain(model: number, face: number): ReturnType<Pictures["explain"]>;
}

export function PictureCard({ item, models, threshold, onRemove, onLook, explain }: PictureCardProps) {
  const { file, url, error, way } = item;
  const [chosen, choose] = useState<Choice>();
  // If models have been replaced, results of the previous ones are ignored.
  const answers = item.result?.models.filter(({ model }) => models.some(({ id }) => id === model)) ?? [];
  const result = answers.length > 0 ? item.result : undefined;
  // All models see the same faces.
  const looked = answers.find((answer) => answer.error === undefined);
  const boxes = looked?.faces ?? [];
  // The button disappears with its card: keyboard focus moves to the next one.
  const card = useRef<HTMLLIElement>(null);
  const remove = (): void => {
    const near = card.current?.nextElementSibling ?? card.current?.previousElementSibling;
    (near?.querySelector("button") ?? document.querySelector<HTMLElement>(".drop button"))?.focus();
    onRemove();
  };
  return (
    <li ref={card} class={result && areSmall(boxes, result) ? "card panel spread" : "card panel"}>
      <div class="card-head">
        <h3 title={file.name}>{file.name}</h3>
        <button class="chip-button" type="button" aria-label={`Remove ${file.name}`} onClick={remove}>
          ×
        </button>
      </div>
      {error?.status !== "unreadable" && (
        <Photo
          name={file.name}
          url={url}
          faces={looked?.faces}
          extent={way === "whole" ? undefined : result}
          threshold={threshold}
          chosen={chosen?.face}
          onChoose={(face) => choose({ face, inPhoto: true })}
        />
      )}
      {error !== undefined ? (
        <p class="unreadable">
          <b class="error">
            {error.status === "unreadable" ? "This file cannot be read" : "This image was not analysed"}
          </b>
          <span class="muted">{error.reason}</span>
        </p>
      ) : !result ? (
        <p class="muted" role="status">
          Looking for faces …
        </p>
      ) : !looked ? null : boxes.length === 0 ? (
        <NoFace turned={way === "turned"} onLook={onLook} />
      ) : (
        <ol class="faces">
          {boxes.map((_, face) => (
            <FaceResult
              key={face}
              number={boxes.length > 1 ? face + 1 : undefined}
              open={face === 0}
              choice={face === chosen?.face ? chosen : undefined}
              onChoose={() => choose({ face, inPhoto: false })}
              threshold={threshold}
              answers={models.flatMap((model) => {
                const found = result.models.find((answer) => answer.model === model.id)?.faces[face];
                return found ? [{ model, face: found }] : [];
              })}
              explain={(model) => explain(model, face)}
            />
          ))}
        </ol>
      )}
      {models.map(({ id, name }) => {
        const failed = answers.find(({ model }) => model === id)?.error;
        return (
          failed !== undefined && (
            <p class="error" role="alert" key={id}>
              {name}: {failed}
            </p>
          )
        );
      })}
    </li>
  );
}

/** If faces are narrower than this share of their image, the image gets the full width of the page. */
const SMALL = 1 / 14;

function areSmall(faces: readonly Face[], { width }: Extent): boolean {
  const widths = faces.map(({ box }) => box.width).sort((a, b) => a - b);
  return widths.length > 1 && (widths[widths.length >> 1] as number) < SMALL * width;
}
