/** The most similar images according to the model, nearest first, as links. */

import { useEffect, useState } from "preact/hooks";
import type { Neighbours, ReviewSet } from "../../../src/server/review/protocol.ts";
import { ClassName } from "./class-name.tsx";
import type { Marking } from "./palette.ts";
import { address, askJson, imageAddress, Refused, THUMBNAIL } from "./requests.ts";
import type { Review } from "./review.ts";
import { answerOf, labelNow } from "./words.ts";

export interface NeighbourListProps {
  readonly set: ReviewSet;
  readonly review: Review;
  readonly palette: readonly Marking[];
  readonly of: number;
  onGo(image: number): void;
}

export function NeighbourList({ set, review, palette, of, onGo }: NeighbourListProps) {
  const { found, failure, slow } = useNeighbours(set, of);
  const own = labelNow(set, of, review.decisionOf(of));
  return (
    <section>
      <h2>Most similar</h2>
      {failure !== undefined && <p class="error">{failure}</p>}
      {slow && <p class="muted">The model looks at all images once; this can take minutes.</p>}
      <ul class="neighbours" aria-busy={found === undefined && failure === undefined}>
        {found?.neighbours.map(({ image, similarity }) => {
          const label = labelNow(set, image, review.decisionOf(image));
          const answer = answerOf(set, image);
          return (
            <li key={image}>
              <button
                type="button"
                class={label !== own ? "neighbour differs" : "neighbour"}
                title={`${set.images[image]?.id}, similarity ${similarity.toFixed(2)}`}
                onClick={() => onGo(image)}
              >
                <img
                  src={imageAddress(set, image, THUMBNAIL)}
                  alt=""
                  width="72"
                  height="72"
                  draggable={false}
                />
                {label === undefined ? (
                  <span class="muted">{answer === undefined ? "no label" : `${answer}?`}</span>
                ) : (
                  <ClassName name={label} classes={set.classes} palette={palette} />
                )}
                <span class="muted number">{similarity.toFixed(2)}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Milliseconds on an image before its neighbours are requested, and before the wait is explained. */
const REST = 120;
const SLOW = 1500;

interface Answer {
  readonly found?: Neighbours;
  readonly failure?: string;
  readonly slow?: true;
}

function useNeighbours({ id }: ReviewSet, of: number): Answer {
  const [{ about, ...answer }, setAnswer] = useState<Answer & { readonly about: number }>({ about: of });
  useEffect(() => {
    const left = new AbortController();
    const say = (next: Answer): void => {
      if (!left.signal.aborted) setAnswer({ about: of, ...next });
    };
    const begin = setTimeout(() => {
      askJson<Neighbours>(address(`images/${of}/neighbours`, id), { signal: left.signal })
        .then((found) => say({ found }))
        .catch((error: unknown) =>
          say({ failure: error instanceof Refused ? error.message : "The server does not answer." }),
        )
        .finally(() => clearTimeout(explain));
    }, REST);
    const explain = setTimeout(() => say({ slow: true }), SLOW);
    return () => {
      clearTimeout(begin);
      clearTimeout(explain);
      left.abort();
    };
  }, [of]);
  return about === of ? answer : {};
}
