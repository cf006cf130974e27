/** The whole page: opens the review, tracks the user's place, and turns keys and buttons into decisions. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Decision, ReviewSet } from "../../../src/server/review/protocol.ts";
import { DecideBar } from "./decide-bar.tsx";
import { FilterBar } from "./filter-bar.tsx";
import { type Filters, filtered, neighbourIn, nextUndecided, noFilters } from "./filters.ts";
import { Grid, type Move } from "./grid.tsx";
import { GridHead } from "./grid-head.tsx";
import { Head, Opening } from "./head.tsx";
import { Help, useSingleKeys } from "./help.tsx";
import { classOfDigit, isForElement, useKeys } from "./keys.ts";
import { MapView } from "./map.tsx";
import { createMapLayout } from "./map-layout.ts";
import { One } from "./one.tsx";
import { paletteOf } from "./palette.ts";
import { usePlace, type View } from "./place.ts";
import { createReview, type Review } from "./review.ts";
import { useStore } from "./use-store.ts";
import { answerOf, imageCount, labelOf, number, spokenImage, spokenStep } from "./words.ts";

export function App() {
  const review = useStore(createReview);
  return review.set ? <Reviewing set={review.set} review={review} /> : <Opening review={review} />;
}

const nothing: ReadonlySet<number> = new Set();

function Reviewing({ set, review }: { readonly set: ReviewSet; readonly review: Review }) {
  const [place, go] = usePlace();
  const layout = useStore(createMapLayout);
  const palette = useMemo(() => paletteOf(set.classes), [set]);
  const passing = useMemo(
    () => filtered(set, review.decisionOf, place),
    [set, review.version, place.class, place.pair, place.split, place.state, place.suspects, place.map],
  );
  const { list } = passing;
  const isMap = place.view === "map";
  const onMap = useMemo(
    () => new Set(isMap ? filtered(set, review.decisionOf, { ...place, map: undefined }).list : []),
    [isMap, passing],
  );
  const [selection, select] = useState(nothing);
  /** Whether a click selects without a modifier key, as touch screens need. */
  const [several, setSeveral] = useState(false);
  const anchor = useRef<number | undefined>(undefined);
  const [focusAsked, askFocus] = useState(0);
  const [spoken, speak] = useState("");
  /** The last decision. */
  const [last, tell] = useState("");
  const [helping, help] = useState(false);
  const [singleKeys, setSingleKeys] = useSingleKeys();
  const stage = useRef<HTMLDivElement>(null);

  const first = (images: readonly number[]): number | undefined =>
    nextUndecided(images, undefined, review.decisionOf) ?? images[0];
  const current = place.image !== undefined && set.images[place.image] ? place.image : first(list);
  useEffect(() => {
    if (place.image !== current) go({ image: current });
  }, [current]);

  const inGrid = place.view === "grid";
  const targets =
    isMap || current === undefined
      ? []
      : inGrid && selection.size > 0
        ? list.filter((image) => selection.has(image))
        : [current];

  const focusStage = (): void => {
    if (inGrid) askFocus((n) => n + 1);
    else stage.current?.focus({ preventScroll: true });
  };

  const show = (view: View, image?: number): void => {
    go(image === undefined ? { view } : { view, image });
    select(nothing);
    askFocus((n) => n + 1);
  };

  const filterBy = (change: Partial<Filters>): void => {
    const next = filtered(set, review.decisionOf, { ...place, ...change }).list;
    const keeps = current !== undefined && next.includes(current);
    go({ ...change, image: keeps ? current : first(next) });
    select(nothing);
    speak(imageCount(next.length));
  };

  const decide = (decision: Decision): void => {
    if (targets.length === 0) return;
    // No image is decided on unseen. The load event may come later than the image is visible.
    if (stage.current?.querySelector("img")?.complete === false)
      return speak("Wait: the image is still being loaded.");
    review.decide(targets, decision);
    const next = nextUndecided(list, targets.at(-1), review.decisionOf);
    const { decided, of } = filtered(set, review.decisionOf, place);
    const what = spokenStep(set, targets, decision);
    const soFar = `${what}; ${number(decided)} of ${number(of)}.`;
    tell(`Last: ${what}`);
    speak(
      next === undefined
        ? `${soFar} All of these are decided.`
        : `${soFar} Next: ${spokenImage(set, next, undefined)}`,
    );
    select(nothing);
    if (next !== undefined) go({ image: next });
    if (inGrid) askFocus((n) => n + 1);
  };

  const relabel = (index: number): void => {
    const label = set.classes[index];
    if (label === undefined) return;
    const isOwn = targets.every((image) => labelOf(set, image) === label);
    decide(isOwn ? { kind: "keep" } : { kind: "relabel", label });
  };

  /** The prediction that all targets share. */
  const [answer, ...others] = [...new Set(targets.map((image) => answerOf(set, image)))];
  const accepted = others.length === 0 ? answer : undefined;
  const keep = (): void => {
    if (set.task === "labels") decide({ kind: "keep" });
    else if (accepted !== undefined) decide({ kind: "relabel", label: accepted });
    else speak("There is no single answer to accept: give a label by its number.");
  };

  const undo = async (): Promise<void> => {
    const images = await review.undo();
    const [image] = images;
    if (image === undefined) return;
    const { decided, of } = filtered(set, review.decisionOf, place);
    tell("");
    speak(
      `Undone: ${images.length > 1 ? imageCount(images.length) : spokenImage(set, image, review.decisionOf(image))}; ${number(decided)} of ${number(of)}.`,
    );
    if (!isMap) go({ image });
    if (inGrid) askFocus((n) => n + 1);
  };

  const step = (by: 1 | -1): void => {
    const image = current === undefined ? undefined : neighbourIn(list, set.order, current, by);
    if (image === undefined) return speak(by > 0 ? "This is the last image." : "This is the first image.");
    go({ image });
    speak(spokenImage(set, image, review.decisionOf(image)));
  };

  const move = (image: number, how: Move): void => {
    const range = how === "range" ? rangeOf(list, anchor.current ?? current, image) : undefined;
    if (range) select(new Set(range));
    else if (how === "toggle" || several) toggle(image);
    else select(nothing);
    if (!range) anchor.current = image;
    go({ image });
    askFocus((n) => n + 1);
  };
  const toggle = (image: number): void => {
    const next = new Set(selection);
    if (!next.delete(image)) next.add(image);
    anchor.current = image;
    select(next);
    speak(`${imageCount(next.size)} selected`);
  };

  useKeys((event) => {
    const { key, target } = event;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isForElement(event))
      return;
    if (!singleKeys && !(target instanceof Element && target.closest(".stage, .grid"))) return;
    const rtl = getComputedStyle(document.documentElement).direction === "rtl";
    const digit = classOfDigit(set.classes, key);
    const acts: Readonly<Record<string, () => void>> = {
      Enter: keep,
      x: () => decide({ kind: "leave out" }),
      u: () => void undo(),
      g: () => show(inGrid ? "one" : "grid"),
      h: () => go({ heat: !place.heat }),
      "?": () => help(true),
    };
    const moves: Readonly<Record<string, 1 | -1>> = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 };
    const act = digit === undefined ? acts[key] : () => relabel(digit);
    const way = place.view === "one" ? moves[key] : undefined;
    if (!act && way === undefined) return;
    event.preventDefault();
    if (way !== undefined) step(way);
    // A key that is held down must not decide on one image after the other.
    else if (!event.repeat) act?.();
  });

  const at = current === undefined ? -1 : list.indexOf(current);
  const next = current === undefined ? undefined : nextUndecided(list, current, review.decisionOf);
  return (
    <>
      <Head
        set={set}
        review={review}
        place={place}
        passing={passing}
        onView={show}
        onHelp={() => help(true)}
      />
      <FilterBar set={set} filters={place} passing={passing} onFilter={filterBy} onDone={focusStage} />
      <main class={`main ${place.view}-view`}>
        {isMap ? (
          <MapView
            set={set}
            review={review}
            palette={palette}
            layout={layout}
            passing={onMap}
            onShow={(map) => {
              filterBy({ ...noFilters, map });
              show("grid");
            }}
            onOpen={(image) => show("one", image)}
            onSpeak={speak}
          />
        ) : list.length === 0 && (inGrid || at < 0) ? (
          <Nothing filters={place} onAll={() => filterBy(noFilters)} />
        ) : inGrid ? (
          <>
            <GridHead
              of={list.length}
              last={last}
              selected={selection.size}
              several={several}
              onSeveral={() => setSeveral(!several)}
              onNone={() => select(nothing)}
            />
            <Grid
              set={set}
              review={review}
              palette={palette}
              list={list}
              current={current}
              selection={selection}
              focusAsked={focusAsked}
              onMove={move}
              onToggle={toggle}
              onSelect={(images) => {
                select(new Set(images));
                speak(`${imageCount(images.length)} selected`);
              }}
              onOpen={(image) => show("one", image)}
            />
          </>
        ) : (
          current !== undefined && (
            <One
              set={set}
              review={review}
              palette={palette}
              image={current}
              place={at}
              of={list.length}
              heat={place.heat}
              stage={stage}
              upcoming={[next, list[at + 1]].filter((image) => image !== undefined)}
              onHeat={() => go({ heat: !place.heat })}
              last={last}
              onStep={step}
              onGo={(image) => {
                go({ image });
                focusStage();
              }}
            />
          )
        )}
      </main>
      {!isMap && (
        <DecideBar
          set={set}
          palette={palette}
          targets={targets}
          accepted={accepted}
          undoable={review.undoable}
          onRelabel={relabel}
          onKeep={keep}
          onLeaveOut={() => decide({ kind: "leave out" })}
          onUndo={() => void undo()}
          onPressed={focusStage}
        />
      )}
      <p class="visually-hidden" aria-live="polite">
        {spoken}
      </p>
      {helping && (
        <Help
          task={set.task}
          singleKeys={singleKeys}
          onSingleKeys={setSingleKeys}
          onClose={() => {
            help(false);
            focusStage();
          }}
        />
      )}
    </>
  );
}

function Nothing({ filters, onAll }: { readonly filters: Filters; onAll(): void }) {
  return (
    <div class="panel empty">
      <p>
        {filters.state === "undecided"
          ? "All of these images are decided."
          : "No image passes these filters."}
      </p>
      <button type="button" class="button primary" onClick={onAll}>
        Show all images
      </button>
    </div>
  );
}

/** The images from one to another, including both. */
function rangeOf(list: readonly number[], from: number | undefined, to: number): readonly number[] {
  const ends = [from === undefined ? -1 : list.indexOf(from), list.indexOf(to)];
  const [low = 0, high = 0] = ends.sort((a, b) => a - b);
  return list.slice(Math.max(0, low), high + 1);
}
