/**
 * One image at full size, with everything that helps to decide: its label, the prediction, the votes, and the most similar
 * images.
 */

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { ReviewImage, ReviewSet } from "../../../src/server/review/protocol.ts";
import { ClassName, Shares } from "./class-name.tsx";
import { NeighbourList } from "./neighbours.tsx";
import type { Marking } from "./palette.ts";
import { heatAddress, imageAddress, LARGE } from "./requests.ts";
import type { Review } from "./review.ts";
import {
  answerOf,
  isBlind,
  labelNow,
  labelOf,
  number,
  outcomeOf,
  spokenImage,
  suggestionOf,
} from "./words.ts";

export interface OneProps {
  readonly set: ReviewSet;
  readonly review: Review;
  readonly palette: readonly Marking[];
  readonly image: number;
  /** Its index among the images that pass the filter; -1 if it does not pass. */
  readonly place: number;
  readonly of: number;
  readonly heat: boolean;
  /** The last decision. */
  readonly last: string;
  readonly stage: RefObject<HTMLDivElement>;
  /** The next images, which are preloaded. */
  readonly upcoming: readonly number[];
  onHeat(): void;
  onStep(by: 1 | -1): void;
  onGo(image: number): void;
}

export function One(props: OneProps) {
  const { set, review, palette, image, place, of, heat, last, stage, upcoming, onHeat, onStep, onGo } = props;
  const one = set.images[image] as ReviewImage;
  const blind = isBlind(set, one);
  const looks = set.looks && !blind;
  useEffect(() => {
    for (const next of upcoming) new Image().src = imageAddress(set, next, LARGE);
  }, [upcoming.join()]);
  const position = place < 0 ? `outside the filter` : `${number(place + 1)} of ${number(of)}`;
  return (
    <div class="one">
      <div class="stage-side">
        <div class="stage" ref={stage} tabIndex={0} role="group" aria-label={`Image ${position}`}>
          <Shown
            {...props}
            key={image}
            heat={heat && looks}
            alt={spokenImage(set, image, review.decisionOf(image))}
          />
        </div>
        <div class="stage-foot">
          <button type="button" class="button step" aria-label="Previous image" onClick={() => onStep(-1)}>
            <Arrow back />
          </button>
          <p class="number position">{position}</p>
          <button type="button" class="button step" aria-label="Next image" onClick={() => onStep(1)}>
            <Arrow />
          </button>
          {set.looks && (
            <label class="check">
              <input type="checkbox" checked={heat && looks} disabled={blind} onChange={onHeat} />
              Where it looked <kbd>h</kbd>
            </label>
          )}
        </div>
        <p class="file muted">
          <bdi>{one.id}</bdi>
          {set.task === "labels" && ` · ${one.split}`}
        </p>
        <p class="last muted">{last}</p>
      </div>
      <div class="facts">
        <LabelOf set={set} review={review} palette={palette} image={image} />
        {blind ? (
          <p class="blind">
            The model’s answer is hidden: results are measured on {set.blind} images, and correcting them by
            the model under test would flatter it.
          </p>
        ) : (
          <>
            <Suggestion set={set} palette={palette} image={image} />
            <Answer set={set} palette={palette} image={image} />
          </>
        )}
        {one.votes && (
          <section>
            <h2>Votes</h2>
            <Shares
              of={one.votes.flatMap((value, i) =>
                value > 0 ? [{ name: set.classes[i] as string, share: value }] : [],
              )}
              classes={set.classes}
              palette={palette}
            />
          </section>
        )}
        {/* The model's similar images would reveal its prediction. */}
        {set.features && !blind && (
          <NeighbourList set={set} review={review} palette={palette} of={image} onGo={onGo} />
        )}
      </div>
    </div>
  );
}

function Shown({ set, image, heat, alt }: OneProps & { readonly alt: string }) {
  const [failed, setFailed] = useState(false);
  const [heatFailed, setHeatFailed] = useState(false);
  if (failed)
    return (
      <p class="not-shown">
        This image cannot be shown.
        <button type="button" class="button" onClick={() => setFailed(false)}>
          Try again
        </button>
      </p>
    );
  return (
    <>
      <img
        src={imageAddress(set, image, LARGE)}
        alt={alt}
        draggable={false}
        onError={() => setFailed(true)}
      />
      {heat && !heatFailed && (
        <img
          class="heat"
          src={heatAddress(set, image)}
          alt="Where the model looked"
          onError={() => setHeatFailed(true)}
        />
      )}
      {heat && heatFailed && <p class="heat-failed">Where the model looked cannot be shown.</p>}
    </>
  );
}

interface PartProps {
  readonly set: ReviewSet;
  readonly palette: readonly Marking[];
  readonly image: number;
}

function LabelOf({ set, review, palette, image }: PartProps & { readonly review: Review }) {
  const { classes } = set;
  const decision = review.decisionOf(image);
  const outcome = outcomeOf(set, image, decision);
  const label = labelOf(set, image);
  const now = labelNow(set, image, decision);
  return (
    <section>
      <h2>Label</h2>
      <p class={`label ${outcome.replace(" ", "-")}`}>
        {outcome === "relabelled" && label !== undefined && (
          <>
            <del>
              <ClassName name={label} classes={classes} palette={palette} />
            </del>{" "}
            <span class="to" aria-label="relabelled to">
              →
            </span>{" "}
          </>
        )}
        {now === undefined ? (
          <span class="muted">none yet</span>
        ) : outcome === "left out" ? (
          <del>
            <ClassName name={now} classes={classes} palette={palette} />
          </del>
        ) : (
          <ClassName name={now} classes={classes} palette={palette} />
        )}
      </p>
      <p class="state">
        {outcome === "undecided" ? (
          <span class="muted">undecided</span>
        ) : (
          <span class={`badge ${outcome.replace(" ", "-")}`}>
            {outcome === "relabelled" && set.task === "unlabelled" ? "labelled" : outcome}
          </span>
        )}
        {!review.isSaved(image) && <span class="unsaved">not saved yet</span>}
      </p>
    </section>
  );
}

function Suggestion({ set, palette, image }: PartProps) {
  const suggestion = suggestionOf(set, image);
  if (suggestion === undefined) return null;
  return (
    <section>
      <h2>
        Suggested
        <span class="source"> · {set.suspects}</span>
      </h2>
      <p class="answer">
        <ClassName name={suggestion} classes={set.classes} palette={palette} />
      </p>
    </section>
  );
}

function Answer({ set, palette, image }: PartProps) {
  const { label, opinion } = set.images[image] as ReviewImage;
  const answer = answerOf(set, image);
  if (!opinion || answer === undefined) return null;
  const { probability, ofLabel } = opinion;
  const differs = label !== undefined && label !== opinion.answer;
  const given = labelOf(set, image);
  const shares = [
    { name: answer, share: probability },
    ...(differs && ofLabel !== undefined && given !== undefined ? [{ name: given, share: ofLabel }] : []),
  ];
  return (
    <section>
      <h2>
        The model’s answer
        <span class="source"> · {set.model}</span>
      </h2>
      <p class="answer">
        <ClassName name={answer} classes={set.classes} palette={palette} />
        {label !== undefined && (
          <span class="muted">{differs ? "differs from the label" : "agrees with the label"}</span>
        )}
      </p>
      <Shares of={shares} classes={set.classes} palette={palette} />
    </section>
  );
}

function Arrow({ back = false }: { readonly back?: boolean }) {
  return (
    <svg class={back ? "arrow back" : "arrow"} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d="M6 3l5 5-5 5"
        fill="none"
        stroke="currentColor"
        stroke-width="1.8"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
