/** The possible decisions as buttons with their keys. */

import { useRef } from "preact/hooks";
import type { ReviewSet } from "../../../src/server/review/protocol.ts";
import { useExtent } from "../parts/use-extent.ts";
import { digitOf } from "./keys.ts";
import type { Marking } from "./palette.ts";
import { labelOf, number } from "./words.ts";

export interface DecideBarProps {
  readonly set: ReviewSet;
  readonly palette: readonly Marking[];
  /** The images to decide on. */
  readonly targets: readonly number[];
  /** For images without labels: the prediction that would be accepted. */
  readonly accepted: string | undefined;
  readonly undoable: boolean;
  onRelabel(index: number): void;
  onKeep(): void;
  onLeaveOut(): void;
  onUndo(): void;
  /** After a click on a button, the focus returns to the images, so that Enter does not press the button again. */
  onPressed(): void;
}

/** A bar that takes more of the window than this would hide the images. */
const MOST_OF_WINDOW = 0.3;

export function DecideBar(props: DecideBarProps) {
  const { set, palette, targets, accepted, undoable, onRelabel, onKeep, onLeaveOut, onUndo, onPressed } =
    props;
  const bar = useRef<HTMLElement>(null);
  const { height } = useExtent(bar);
  const none = targets.length === 0;
  const labels = set.task === "labels";
  const press =
    (work: () => void) =>
    (event: MouseEvent): void => {
      work();
      // Clicks by key have no pointer.
      if (event.detail > 0) onPressed();
    };
  const own = targets.length === 1 ? labelOf(set, targets[0] as number) : undefined;
  return (
    <section
      ref={bar}
      class={height > MOST_OF_WINDOW * innerHeight ? "decide" : "decide sticky"}
      aria-label={targets.length > 1 ? `Decision on ${targets.length} images` : "Decision"}
    >
      {targets.length > 1 && (
        <p class="decide-for number">
          <b>{number(targets.length)}</b> images
        </p>
      )}
      <div class="decide-classes" role="group" aria-label={labels ? "Relabel to" : "Label"}>
        {set.classes.map((name, i) => (
          <button
            type="button"
            key={name}
            class={name === own ? "button small own" : "button small"}
            disabled={none}
            aria-keyshortcuts={digitOf(set.classes, i)}
            onClick={press(() => onRelabel(i))}
          >
            <span class="dot" style={{ background: `var(${palette[i]?.colour})` }} aria-hidden="true" />
            {name}
            {digitOf(set.classes, i) !== undefined && <kbd aria-hidden="true">{digitOf(set.classes, i)}</kbd>}
          </button>
        ))}
      </div>
      <div class="decide-others">
        <button
          type="button"
          class="button small primary"
          disabled={none || (!labels && accepted === undefined)}
          aria-keyshortcuts="Enter"
          onClick={press(onKeep)}
        >
          {labels ? "Keep" : accepted === undefined ? "Accept" : `Accept ${accepted}`}{" "}
          <kbd aria-hidden="true">⏎</kbd>
        </button>
        <button
          type="button"
          class="button small"
          disabled={none}
          aria-keyshortcuts="x"
          onClick={press(onLeaveOut)}
        >
          Leave out <kbd aria-hidden="true">x</kbd>
        </button>
        <button
          type="button"
          class="button small"
          disabled={!undoable}
          aria-keyshortcuts="u"
          onClick={press(onUndo)}
        >
          Undo <kbd aria-hidden="true">u</kbd>
        </button>
      </div>
    </section>
  );
}
