/** The header of the page: what is reviewed, the progress, and whether everything is saved. */

import type { ReviewSet } from "../../../src/server/review/protocol.ts";
import { count } from "../parts/numbers.ts";
import type { Filtered, State } from "./filters.ts";
import { type Place, type View, views } from "./place.ts";
import type { Review } from "./review.ts";
import { number } from "./words.ts";

const viewNames: Readonly<Record<View, string>> = { one: "One by one", grid: "Grid", map: "Map" };

export interface HeadProps {
  readonly set: ReviewSet;
  readonly review: Review;
  readonly place: Place;
  readonly passing: Filtered;
  onView(view: View): void;
  onHelp(): void;
}

export function Head({ set, review, place, passing, onView, onHelp }: HeadProps) {
  return (
    <header class="page-head">
      <div class="head">
        <div class="title">
          <h1>{set.task === "labels" ? "Review" : "Label"}</h1>
          <p class="muted sources">{set.sources.join(", ")}</p>
        </div>
        <nav aria-label="Views">
          {views.map((view) => (
            <a
              key={view}
              href={`#view=${view}`}
              aria-current={view === place.view ? "page" : undefined}
              onClick={(event) => {
                event.preventDefault();
                onView(view);
              }}
            >
              {viewNames[view]}
            </a>
          ))}
        </nav>
        <button type="button" class="button small" onClick={onHelp}>
          Keys <kbd aria-hidden="true">?</kbd>
        </button>
        <Progress set={set} passing={passing} />
        <Saved file={set.file} review={review} />
      </div>
      <Trouble review={review} />
      {set.notes.length > 0 && (
        <details class="notes" open>
          <summary>{count(set.notes.length, "note")}</summary>
          <ul>
            {set.notes.map((note) => (
              <li key={note}>{note}</li>
            ))}
          </ul>
        </details>
      )}
    </header>
  );
}

function Progress({ set, passing }: Pick<HeadProps, "set" | "passing">) {
  const { counts, decided, of, decidedOfAll } = passing;
  const all = set.images.length;
  const states = (state: State): string => number(counts.state.get(state) ?? 0);
  return (
    <div class="progress">
      <progress aria-label="Progress" max={Math.max(1, of)} value={decided} />
      <p class="number">
        {set.task === "labels"
          ? `${number(decided)} of ${number(of)} decided`
          : `${states("relabelled")} labelled, ${states("left out")} left out, of ${number(of)}`}
        {of !== all && (
          <span class="muted">
            {" "}
            · {number(decidedOfAll)} of {number(all)} in all
          </span>
        )}
      </p>
    </div>
  );
}

function Saved({ file, review }: { readonly file: string; readonly review: Review }) {
  const { waiting, refusal, link } = review;
  const held = waiting > 0 && (refusal !== undefined || link !== "open");
  return (
    <p class={`saved ${held ? "held" : waiting > 0 ? "busy" : ""}`} role="status">
      <span class="dot" aria-hidden="true" />
      {held ? (
        <span>{count(waiting, "decision")} not saved</span>
      ) : waiting > 0 ? (
        <span>Saving …</span>
      ) : (
        <span>
          Saved in <bdi>{file}</bdi>
        </span>
      )}
    </p>
  );
}

function Trouble({ review }: { readonly review: Review }) {
  const { link, refusal, waiting, notUndone } = review;
  if (link === "changed")
    return (
      <div class="trouble" role="alert">
        <p>
          Another review is now running at this address. This page no longer saves anything.
          {waiting > 0 && ` ${count(waiting, "decision")} could not be saved.`}
        </p>
        <button type="button" class="button small" onClick={() => location.reload()}>
          Reload the page
        </button>
      </div>
    );
  if (link === "lost")
    return (
      <div class="trouble" role="alert">
        <p>
          The server does not answer.{" "}
          {waiting > 0
            ? `${count(waiting, "decision")} ${waiting === 1 ? "is" : "are"} kept here and saved once it does; keep this page open.`
            : "The page continues when it does."}
        </p>
        <button type="button" class="button small" onClick={review.retry}>
          Try now
        </button>
      </div>
    );
  if (refusal !== undefined)
    return (
      <div class="trouble" role="alert">
        <p>
          {count(waiting, "decision")} {waiting === 1 ? "is" : "are"} not saved: {refusal}
        </p>
        <button type="button" class="button small" onClick={review.retry}>
          Try again
        </button>
        <button type="button" class="button small" onClick={review.discard}>
          Discard
        </button>
      </div>
    );
  if (notUndone !== undefined)
    return (
      <div class="trouble" role="alert">
        <p>Nothing was undone: {notUndone}</p>
      </div>
    );
  return null;
}

/** Until the images are known. */
export function Opening({ review: { refusal, link, retry } }: { readonly review: Review }) {
  const trouble = refusal ?? (link === "lost" ? "The server does not answer." : undefined);
  return (
    <main class="panel empty">
      <h1>Review</h1>
      <p role="status">{trouble ?? "Reading the list of images …"}</p>
      {trouble !== undefined && (
        <button type="button" class="button primary" onClick={retry}>
          Try again
        </button>
      )}
    </main>
  );
}
