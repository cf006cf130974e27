/** One picture: its faces in boxes, and what each expresses. */

import { useRef } from "preact/hooks";
import { type Face, labelOf } from "../../../src/predict/prediction.ts";
import { count } from "../parts/numbers.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import { FaceResult } from "./face-result.tsx";
import type { PictureItem, Pictures } from "./use-pictures.ts";

export interface PictureCardProps {
  readonly item: PictureItem;
  readonly models: readonly ModelInfo[];
  readonly threshold: number;
  onRemove(): void;
  onWhole(): void;
  explain(model: number, face: number): ReturnType<Pictures["explain"]>;
}

export function PictureCard({ item, models, threshold, onRemove, onWhole, explain }: PictureCardProps) {
  const { file, url, error, whole } = item;
  // Where models have been exchanged, what the former ones said is passed over.
  const answers = item.result?.models.filter(({ model }) => models.some(({ id }) => id === model)) ?? [];
  const result = answers.length > 0 ? item.result : undefined;
  // All models see the same faces.
  const looked = answers.find((answer) => answer.error === undefined);
  const boxes = looked?.faces ?? [];
  // The button goes with its card: whoever uses the keyboard goes on at the next one.
  const card = useRef<HTMLLIElement>(null);
  const remove = (): void => {
    const near = card.current?.nextElementSibling ?? card.current?.previousElementSibling;
    (near?.querySelector("button") ?? document.querySelector<HTMLElement>(".drop button"))?.focus();
    onRemove();
  };
  return (
    <li ref={card} class="card panel">
      <div class="card-head">
        <h3 title={file.name}>{file.name}</h3>
        <button class="chip-button" type="button" aria-label={`Remove ${file.name}`} onClick={remove}>
          ×
        </button>
      </div>
      {error?.status !== "unreadable" && (
        <div class="photo">
          <img src={url} alt={altOf(file.name, looked?.faces, threshold)} />
          {result && !whole && (
            <svg viewBox={`0 0 ${result.width} ${result.height}`} aria-hidden="true">
              {boxes.map(({ box }, i) => (
                <g key={i}>
                  <rect class="box-halo" {...box} rx={box.width * 0.06} />
                  <rect class="box" {...box} rx={box.width * 0.06} />
                  {boxes.length > 1 && (
                    <text
                      x={box.x + box.width * 0.06}
                      y={box.y + sizeOf(result) * 1.1}
                      font-size={sizeOf(result)}
                    >
                      {i + 1}
                    </text>
                  )}
                </g>
              ))}
            </svg>
          )}
        </div>
      )}
      {error !== undefined ? (
        <p class="unreadable">
          <b class="error">
            {error.status === "unreadable" ? "This file cannot be read" : "This picture was not looked at"}
          </b>
          <span class="muted">{error.reason}</span>
        </p>
      ) : !result ? (
        <p class="muted" role="status">
          Looking for faces …
        </p>
      ) : !looked ? null : boxes.length === 0 ? (
        <div class="no-face">
          <p>No face was found.</p>
          <button class="button quiet" type="button" onClick={onWhole}>
            Take the whole picture as one face
          </button>
        </div>
      ) : (
        <ol class="faces">
          {boxes.map((_, face) => (
            <FaceResult
              key={face}
              number={boxes.length > 1 ? face + 1 : undefined}
              open={face === 0}
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

/** Height of a number in a box: readable whatever the picture's size. */
function sizeOf({ width, height }: { width: number; height: number }): number {
  return Math.max(width, height) / 22;
}

/** What somebody who does not see the picture is told. */
function altOf(name: string, faces: readonly Face[] | undefined, threshold: number): string {
  if (!faces) return name;
  const labels = faces.map(({ probabilities }) => labelOf(probabilities, threshold) ?? "not sure");
  return `${name}: ${count(faces.length, "face")}${labels.length > 0 ? `, ${labels.join(", ")}` : ""}`;
}
