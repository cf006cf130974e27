/** The watched images with the model's predictions, and the probability of the true class after each epoch so far. */

import type { EventOf } from "../../../src/train/run-events.ts";
import type { EpochPoint } from "../../../src/train/run-state.ts";
import { wholePercent } from "./words.ts";

/** Milliseconds after which an image is requested again, since the connection may have been lost. */
const RETRY = 5000;

interface Props {
  readonly id: string;
  readonly start: EventOf<"start">;
  /** The last one is shown. */
  readonly epochs: readonly EpochPoint[];
}

export function Pictures({ id, start: { classes, watched }, epochs }: Props) {
  return (
    <ul class="pictures">
      {watched.map(({ id: file, label }, number) => {
        const row = epochs.at(-1)?.watched?.[number];
        if (!row) return null;
        const answer = row.indexOf(Math.max(...row));
        const right = answer === label;
        const truths = epochs.flatMap((epoch) => epoch.watched?.[number]?.[label] ?? []);
        return (
          <li key={file} class={right ? "right" : "wrong"}>
            <img
              src={`v1/runs/${id}/watched/${number}`}
              alt={`A face labelled ${classes[label]}`}
              width="56"
              height="56"
              onError={askAgain}
            />
            <History shares={truths} />
            <p>
              <span class="mark" aria-hidden="true">
                {right ? "✓" : "✗"}
              </span>{" "}
              <b>{classes[answer]}</b>
            </p>
            <p class="muted number">{wholePercent(row[answer] ?? 0)}</p>
            {right ? <p class="visually-hidden">right</p> : <p class="muted">is {classes[label]}</p>}
          </li>
        );
      })}
    </ul>
  );
}

/** The probability of the true class after each epoch. */
function History({ shares }: { readonly shares: readonly number[] }) {
  if (shares.length < 2) return null;
  const points = shares.map(
    (share, i) => `${((i / (shares.length - 1)) * 100).toFixed(1)},${(20 - 18 * share).toFixed(1)}`,
  );
  return (
    <svg class="history" viewBox="0 0 100 21" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(" ")} vector-effect="non-scaling-stroke" />
    </svg>
  );
}

function askAgain({ currentTarget: image }: { readonly currentTarget: HTMLImageElement }): void {
  setTimeout(() => image.isConnected && image.setAttribute("src", image.src), RETRY);
}
