/** The examples of a class as thumbnails: each can be selected, and selected ones can be deleted or moved. */

import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../parts/numbers.ts";
import type { Example, TaughtClass } from "./project.ts";

export interface ThumbnailsProps {
  /** Of one class, in chronological order. */
  readonly examples: readonly Example[];
  readonly name: string;
  /** Classes to which they can be moved. */
  readonly others: readonly TaughtClass[];
  onDelete(ids: ReadonlySet<string>): void;
  onMove(ids: ReadonlySet<string>, to: string): void;
}

/** Number of thumbnails shown unless all are requested; the newest come first. */
const FEW = 18;
/** Maximum for all: a browser shows thousands of images slowly. */
const MOST = 600;

export function Thumbnails({ examples, name, others, onDelete, onMove }: ThumbnailsProps) {
  const [all, showAll] = useState(false);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const list = useRef<HTMLUListElement>(null);
  const shown = [...examples].reverse().slice(0, all ? MOST : FEW);
  const present = new Set(examples.filter(({ id }) => chosen.has(id)).map(({ id }) => id));
  const toggle = (id: string): void => {
    const next = new Set(present);
    if (!next.delete(id)) next.add(id);
    choose(next);
  };
  /** The buttons disappear with the selection: keyboard focus moves to the thumbnails. */
  const act = (work: () => void): void => {
    choose(new Set());
    (list.current?.querySelector<HTMLElement>("button[aria-pressed=false]") ?? list.current)?.focus();
    work();
  };
  if (examples.length === 0) return <p class="muted empty-class">No examples yet.</p>;
  return (
    <>
      <ul ref={list} class="thumbnails" tabIndex={-1} aria-label={`Examples of ${name}`}>
        {shown.map((example, i) => (
          <li key={example.id}>
            <button
              type="button"
              class="thumbnail"
              aria-pressed={present.has(example.id)}
              aria-label={`${name}, example ${examples.length - i}`}
              onClick={() => toggle(example.id)}
            >
              <Face image={example.image} />
            </button>
          </li>
        ))}
        {examples.length > FEW && (
          <li>
            <button class="button quiet" type="button" aria-expanded={all} onClick={() => showAll(!all)}>
              {all ? "Show fewer" : `Show all ${examples.length}`}
            </button>
          </li>
        )}
      </ul>
      {all && examples.length > MOST && <p class="muted">The newest {MOST} are shown.</p>}
      {present.size > 0 && (
        <div class="choices" role="group" aria-label="What is chosen" tabIndex={-1}>
          <span class="muted number">{count(present.size, "example")} chosen</span>
          <button class="button quiet" type="button" onClick={() => act(() => onDelete(present))}>
            Delete
          </button>
          {others.length > 0 && (
            <select
              class="button quiet"
              aria-label="Move to another class"
              value=""
              onChange={({ currentTarget: { value } }) => act(() => onMove(present, value))}
            >
              <option value="" disabled>
                Move to …
              </option>
              {others.map(({ id, name: other }) => (
                <option key={id} value={id}>
                  {other}
                </option>
              ))}
            </select>
          )}
          {present.size < examples.length && (
            <button
              class="button quiet"
              type="button"
              onClick={() => choose(new Set(examples.map(({ id }) => id)))}
            >
              Choose all
            </button>
          )}
        </div>
      )}
    </>
  );
}

/** A stored image; it takes no memory unless it is shown. */
export function Face({ image, alt = "" }: { readonly image: Blob; readonly alt?: string }) {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(image);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [image]);
  return <img src={url} alt={alt} width="48" height="48" decoding="async" draggable={false} />;
}
