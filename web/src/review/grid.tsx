/**
 * All images that pass the filter as thumbnails. Only those in view exist: cells have one size, so the position of each follows
 * from its index, and the page scrolls as if all were there.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ReviewImage, ReviewSet } from "../../../src/server/review/protocol.ts";
import { useExtent } from "../parts/use-extent.ts";
import { useKeys } from "./keys.ts";
import type { Marking } from "./palette.ts";
import { imageAddress, THUMBNAIL } from "./requests.ts";
import type { Review } from "./review.ts";
import { answerOf, isBlind, labelNow, labelOf, outcomeOf, suggestionOf } from "./words.ts";

export interface GridProps {
  readonly set: ReviewSet;
  readonly review: Review;
  readonly palette: readonly Marking[];
  readonly list: readonly number[];
  readonly current: number | undefined;
  readonly selection: ReadonlySet<number>;
  /** Changes when the current image should get the focus. */
  readonly focusAsked: number;
  onMove(image: number, how: Move): void;
  onToggle(image: number): void;
  onSelect(images: readonly number[]): void;
  onOpen(image: number): void;
}

/** `range`: selects from the start of the last selection; `toggle`: toggles the selection of this one. */
export type Move = "plain" | "range" | "toggle";

/** In rem: the minimum width of a cell in a wide and in a narrow window, and the excess of its height over its width. */
const WIDTH = { wide: 7.75, narrow: 6.5 };
const NARROW = 30;
const CAPTION = 2.5;
/** Gap between cells. */
const GAP = 0.5;
/** Rows rendered above and below the visible ones. */
const SPARE = 2;

export function Grid(props: GridProps) {
  const { set, review, palette, list, current, selection, focusAsked, onMove, onToggle, onSelect, onOpen } =
    props;
  const host = useRef<HTMLDivElement>(null);
  const { width } = useExtent(host);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const least = (width < NARROW * rem ? WIDTH.narrow : WIDTH.wide) * rem;
  const columns = Math.max(1, Math.floor((width + GAP * rem) / (least + GAP * rem)));
  /** Distance from the start of a cell to that of the next. */
  const stepX = (width + GAP * rem) / columns;
  const stepY = stepX + CAPTION * rem;
  const rows = Math.ceil(list.length / columns);
  const [first, last] = useRowsInSight(host, stepY, rows);
  const at = current === undefined ? -1 : list.indexOf(current);
  const focused = Math.max(0, at);

  /** Rendered positions: the visible ones, and the one that has the focus or would get it. */
  const positions: number[] = [];
  for (let i = first * columns; i < Math.min(list.length, last * columns); i++) positions.push(i);
  if (focused < list.length && !positions.includes(focused)) positions.push(focused);

  const wish = useRef(0);
  useLayoutEffect(() => {
    if (width === 0 || wish.current === focusAsked) return;
    wish.current = focusAsked;
    const cell = host.current?.querySelector<HTMLElement>('[tabindex="0"]');
    cell?.focus({ preventScroll: true });
    cell?.scrollIntoView({ block: "nearest" });
  });

  useKeys((event) => {
    const { target, key, shiftKey } = event;
    const inside = target instanceof Node && host.current?.contains(target);
    if (event.defaultPrevented || event.altKey || (!inside && target !== document.body)) return;
    const rtl = getComputedStyle(document.documentElement).direction === "rtl";
    const page = columns * Math.max(1, Math.floor(innerHeight / stepY) - 1);
    const moves: Readonly<Record<string, number>> = {
      ArrowLeft: focused + (rtl ? 1 : -1),
      ArrowRight: focused + (rtl ? -1 : 1),
      ArrowUp: focused - columns,
      ArrowDown: focused + columns,
      PageUp: Math.max(focused % columns, focused - page),
      PageDown: Math.min(list.length - 1, focused + page),
      Home: 0,
      End: list.length - 1,
    };
    const to = moves[key];
    const image = list[focused];
    if (event.ctrlKey || event.metaKey) {
      if (key !== "a" || event.shiftKey) return;
      onSelect(list);
    } else if (to !== undefined) {
      const wanted = at < 0 ? image : list[to];
      if (wanted !== undefined) onMove(wanted, shiftKey ? "range" : "plain");
    } else if (key === " " && image !== undefined) onToggle(image);
    else if (key === "Escape") onSelect([]);
    else return;
    event.preventDefault();
  });

  return (
    <div
      class="grid"
      ref={host}
      role="listbox"
      aria-multiselectable="true"
      aria-label="Images"
      style={{
        blockSize: `${rows * stepY}px`,
        "--cell-width": `${stepX - GAP * rem}px`,
        "--cell-height": `${stepY - GAP * rem}px`,
      }}
    >
      {width > 0 &&
        positions
          .sort((a, b) => a - b)
          .map((position) => {
            const image = list[position] as number;
            return (
              <div
                key={image}
                id={`cell-${image}`}
                role="option"
                class={cellClass(set, review, image, image === current)}
                tabIndex={position === focused ? 0 : -1}
                aria-selected={selection.has(image)}
                aria-posinset={position + 1}
                aria-setsize={list.length}
                style={{
                  insetInlineStart: `${(position % columns) * stepX}px`,
                  insetBlockStart: `${Math.floor(position / columns) * stepY}px`,
                }}
                onClick={(event) =>
                  onMove(
                    image,
                    event.shiftKey ? "range" : event.ctrlKey || event.metaKey ? "toggle" : "plain",
                  )
                }
                onDblClick={() => onOpen(image)}
              >
                <Thumbnail set={set} image={image} />
                <Caption set={set} review={review} palette={palette} image={image} />
              </div>
            );
          })}
    </div>
  );
}

/** Milliseconds that a cell must be in view before its image is requested: scrolling past thousands requests none of them. */
const REST = 60;

function Thumbnail({ set, image }: { readonly set: ReviewSet; readonly image: number }) {
  const element = useRef<HTMLImageElement>(null);
  useEffect(() => {
    const { current } = element;
    const timer = setTimeout(() => current?.setAttribute("src", imageAddress(set, image, THUMBNAIL)), REST);
    return () => {
      clearTimeout(timer);
      // Otherwise it would still be loaded.
      current?.removeAttribute("src");
    };
  }, [image]);
  return <img ref={element} alt="" draggable={false} />;
}

type CaptionProps = Pick<GridProps, "set" | "review" | "palette"> & { readonly image: number };

function Caption({ set, review, palette, image }: CaptionProps) {
  const one = set.images[image] as ReviewImage;
  const decision = review.decisionOf(image);
  const outcome = outcomeOf(set, image, decision);
  const label = labelNow(set, image, decision);
  const marking = label === undefined ? undefined : palette[set.classes.indexOf(label)];
  const answer = answerOf(set, image);
  const suggestion = suggestionOf(set, image);
  const more =
    outcome === "relabelled"
      ? set.task === "unlabelled"
        ? "labelled"
        : `was ${labelOf(set, image)}`
      : outcome !== "undecided"
        ? outcome
        : isBlind(set, one)
          ? "blind"
          : suggestion !== undefined
            ? `list: ${suggestion}`
            : answer !== undefined && one.opinion?.answer !== one.label
              ? `model: ${answer}`
              : "";
  return (
    <span class="caption">
      <span class="class-name">
        <span class="dot" style={{ background: marking ? `var(${marking.colour})` : "transparent" }} />
        {label ?? "no label"}
      </span>{" "}
      <span class="more">{more}</span>
    </span>
  );
}

function cellClass(set: ReviewSet, review: Review, image: number, current: boolean): string {
  const outcome = outcomeOf(set, image, review.decisionOf(image)).replace(" ", "-");
  return ["cell", outcome, current && "current", !review.isSaved(image) && "unsaved-cell"]
    .filter(Boolean)
    .join(" ");
}

/** The first visible row and the one after the last, extended by some more. */
function useRowsInSight(
  host: { readonly current: HTMLElement | null },
  height: number,
  rows: number,
): readonly [number, number] {
  const [range, setRange] = useState<readonly [number, number]>([0, 0]);
  const look = (): void => {
    const top = host.current?.getBoundingClientRect().top ?? 0;
    const first = Math.min(Math.max(0, rows - 1), Math.max(0, Math.floor(-top / height) - SPARE));
    const last = Math.min(rows, Math.max(0, Math.ceil((innerHeight - top) / height) + SPARE));
    setRange((before) => (before[0] === first && before[1] === last ? before : [first, last]));
  };
  useLayoutEffect(look);
  useEffect(() => {
    const options = { passive: true, capture: true } as const;
    const follow = (): void => latest.current();
    addEventListener("scroll", follow, options);
    addEventListener("resize", follow);
    return () => {
      removeEventListener("scroll", follow, options);
      removeEventListener("resize", follow);
    };
  }, []);
  const latest = useRef(look);
  latest.current = look;
  return range;
}
