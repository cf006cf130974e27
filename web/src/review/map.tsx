/** The data set as a map: images that the model finds similar lie together. A selection can be viewed in the grid. */

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { ReviewSet } from "../../../src/server/review/protocol.ts";
import { share } from "../parts/numbers.ts";
import { useExtent } from "../parts/use-extent.ts";
import { useMedia } from "../parts/use-media.ts";
import { Bubble } from "./map-bubble.tsx";
import { type ColourBy, coloursOf, type Group, groupsOf } from "./map-colours.ts";
import { drawMarks, drawPoints } from "./map-drawing.ts";
import {
  type Camera,
  inLoop,
  nearest,
  onScreen,
  type Point,
  pinched,
  pointAt,
  towards,
  whole,
  within,
  zoomed,
} from "./map-geometry.ts";
import type { MapLayout } from "./map-layout.ts";
import { Legend } from "./map-legend.tsx";
import type { Marking } from "./palette.ts";
import type { Review } from "./review.ts";
import { imageCount, number, spokenImage } from "./words.ts";

export interface MapViewProps {
  readonly set: ReviewSet;
  readonly review: Review;
  readonly palette: readonly Marking[];
  readonly layout: MapLayout;
  /** Images that pass the filters: the map shows only these. */
  readonly passing: ReadonlySet<number>;
  onShow(images: ReadonlySet<number>): void;
  onOpen(image: number): void;
  onSpeak(text: string): void;
}

export function MapView(props: MapViewProps) {
  const { set, layout } = props;
  const { state } = layout;
  useEffect(() => {
    if (set.features && layout.state.kind === "none") layout.start(set);
  }, []);
  if (!set.features)
    return (
      <p class="panel empty">
        A map needs a model: it arranges images by how similar the model finds them. Start the review with
        --model.
      </p>
    );
  return (
    <div class="map-view">
      {(state.kind === "reading" || state.kind === "settling") && (
        <div class="map-progress">
          <label>
            {state.kind === "reading" ? "Reading what the model sees …" : "Laying out the map …"}{" "}
            <progress max={1} value={state.kind === "settling" ? state.share : undefined} />
          </label>
          {state.kind === "settling" && <span class="number">{share(state.share)}</span>}
          <button type="button" class="button" onClick={layout.cancel}>
            Cancel
          </button>
        </div>
      )}
      {state.kind === "failed" && (
        <p class="error" role="alert">
          The map could not be laid out: {state.reason}
        </p>
      )}
      {(state.kind === "none" || state.kind === "failed") && (
        <p class="panel empty">
          <button type="button" class="button primary" onClick={() => layout.start(set)}>
            Lay out the map
          </button>
        </p>
      )}
      {layout.positions && <Scatter {...props} positions={layout.positions} />}
    </div>
  );
}

/** Maximum distance in pixels from the pointer to the point that it selects. */
const REACH = 14;
const WHEEL = 0.0015;
const STEP = 1.5;
/** Pixels that a pointer moves before it starts a loop. */
const STILL = 6;

const colourNames: Readonly<Record<ColourBy, string>> = {
  label: "Label",
  answer: "The model’s answer",
  split: "Split",
  error: "Label against answer",
};

const directions: Readonly<Record<string, Point>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

interface Drag {
  readonly from: Point;
  readonly path: Point[];
  last: Point;
  moved: boolean;
}

function Scatter(props: MapViewProps & { readonly positions: Float32Array }) {
  const { set, review, palette, layout, passing, positions, onShow, onOpen, onSpeak } = props;
  const { images } = layout;
  const surface = useRef<HTMLDivElement>(null);
  const base = useRef<HTMLCanvasElement>(null);
  const above = useRef<HTMLCanvasElement>(null);
  const extent = useExtent(surface);
  const dark = useMedia("(prefers-color-scheme: dark)");
  const [by, setBy] = useState<ColourBy>("label");
  const [camera, look] = useState<Camera>(whole);
  const [moving, setMoving] = useState(false);
  const [hovered, hover] = useState<number>();
  const [focused, focus] = useState<number>();
  const [radius, setRadius] = useState(60);
  const [selection, select] = useState<ReadonlySet<number>>(new Set());
  const [loop, setLoop] = useState<readonly Point[]>([]);
  const drag = useRef<Drag | undefined>(undefined);
  /** Position of each finger, or of the mouse while its button is down, by pointer id. */
  const fingers = useRef(new Map<number, Point>());

  const points = useMemo(() => {
    const all = onScreen(positions, extent, camera);
    // Images without a position are neither drawn nor found.
    return all.map((value, i) => (passing.has(images[i >> 1] as number) ? value : Number.NaN));
  }, [positions, extent, camera, passing]);
  const { groups, groupOf } = useMemo(() => groupsOf(set, palette, by, review), [set, by, review.version]);
  const own = useMemo(() => images.map(groupOf), [images, groupOf]);
  const counts = useMemo(() => {
    const found = new Map<Group, number>();
    own.forEach((group, i) => {
      if (passing.has(images[i] as number)) found.set(group, (found.get(group) ?? 0) + 1);
    });
    return found;
  }, [own, passing]);

  useEffect(() => {
    if (!base.current || extent.width === 0) return;
    const isSelected = selection.size > 0 ? (i: number) => selection.has(images[i] as number) : undefined;
    drawPoints(base.current, extent, points, own, isSelected);
  }, [points, own, selection, dark]);
  useEffect(() => {
    if (!above.current || extent.width === 0) return;
    const place = (index: number | undefined): Point | undefined =>
      index === undefined ? undefined : pointAt(points, index);
    drawMarks(above.current, extent, { hovered: place(hovered), focused: place(focused), radius, loop });
  }, [points, hovered, focused, radius, loop, dark]);

  const selectPoints = (indices: readonly number[], add: boolean): void => {
    const next = new Set([...(add ? selection : []), ...indices.map((i) => images[i] as number)]);
    select(next);
    onSpeak(`${imageCount(next.size)} selected`);
  };
  const selectAround = (): void => {
    if (focused !== undefined) selectPoints(within(points, pointAt(points, focused), radius), true);
  };
  const focusOn = (index: number | undefined): void => {
    focus(index);
    if (index === undefined) return;
    const image = images[index] as number;
    onSpeak(spokenImage(set, image, review.decisionOf(image)));
    const { x, y } = pointAt(points, index);
    const [dx, dy] = [outside(x, extent.width), outside(y, extent.height)];
    if (dx !== 0 || dy !== 0) look({ ...camera, pan: { x: camera.pan.x + dx, y: camera.pan.y + dy } });
  };
  const zoom = (factor: number, fixed: Point = { x: extent.width / 2, y: extent.height / 2 }): void =>
    look((before) => zoomed(before, factor, fixed, extent));

  // Added manually: the page must not scroll with it, which only a non-passive listener can prevent.
  useEffect(() => {
    const element = surface.current;
    const turn = (event: WheelEvent): void => {
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * WHEEL), placeIn(element as HTMLElement, event));
    };
    element?.addEventListener("wheel", turn, { passive: false });
    return () => element?.removeEventListener("wheel", turn);
  }, [extent]);

  const stopDrag = (): void => {
    drag.current = undefined;
    setLoop([]);
  };
  const onPointerDown = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    const element = event.currentTarget as HTMLElement;
    element.setPointerCapture(event.pointerId);
    const at = placeIn(element, event);
    fingers.current.set(event.pointerId, at);
    if (fingers.current.size > 1) return stopDrag();
    drag.current = { from: at, last: at, moved: false, path: [at] };
    hover(undefined);
  };
  const onPointerMove = (event: PointerEvent): void => {
    const at = placeIn(event.currentTarget as HTMLElement, event);
    const { current } = drag;
    const before = [...fingers.current.values()];
    if (fingers.current.has(event.pointerId)) fingers.current.set(event.pointerId, at);
    const after = [...fingers.current.values()];
    if (isPair(before) && isPair(after)) return look((camera) => pinched(camera, before, after, extent));
    if (!current) return hover(nearest(points, at, REACH));
    if (!current.moved && Math.hypot(at.x - current.from.x, at.y - current.from.y) < STILL) return;
    current.moved = true;
    if (moving) {
      const [dx, dy] = [at.x - current.last.x, at.y - current.last.y];
      look((before) => ({ ...before, pan: { x: before.pan.x + dx, y: before.pan.y + dy } }));
    } else {
      current.path.push(at);
      setLoop([...current.path]);
    }
    current.last = at;
  };
  const onPointerUp = (event: PointerEvent): void => {
    const { current } = drag;
    fingers.current.delete(event.pointerId);
    stopDrag();
    if (!current) return;
    if (!current.moved) focusOn(nearest(points, current.from, REACH));
    else if (!moving) selectPoints(inLoop(points, current.path), event.shiftKey);
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    const { key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const direction = directions[key];
    if (direction) {
      const from = focused ?? nearest(points, { x: extent.width / 2, y: extent.height / 2 });
      const to = focused === undefined || from === undefined ? from : towards(points, from, direction);
      if (to !== undefined) focusOn(to);
    } else if (key === "Enter" && focused !== undefined) onOpen(images[focused] as number);
    else if (key === " ") selectAround();
    else if (key === "Escape") select(new Set());
    else if (key === "+" || key === "=")
      zoom(STEP, focused === undefined ? undefined : pointAt(points, focused));
    else if (key === "-") zoom(1 / STEP);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const shown = hovered ?? focused;
  return (
    <div class="map-body">
      <div class="map-frame">
        <div
          ref={surface}
          class={moving ? "map moving" : "map"}
          tabIndex={0}
          role="application"
          aria-label={`Map of ${imageCount(images.length)}: arrow keys move from image to image, Space selects what is near, Enter opens`}
          onPointerDown={onPointerDown}
          onPointerMove={onPointerMove}
          onPointerUp={onPointerUp}
          onPointerCancel={({ pointerId }) => {
            fingers.current.delete(pointerId);
            stopDrag();
          }}
          onPointerLeave={() => hover(undefined)}
          onDblClick={() => focused !== undefined && onOpen(images[focused] as number)}
          onKeyDown={onKeyDown}
        >
          <canvas ref={base} aria-hidden="true" />
          <canvas ref={above} aria-hidden="true" />
          {shown !== undefined && extent.width > 0 && (
            <Bubble
              set={set}
              review={review}
              image={images[shown] as number}
              at={pointAt(points, shown)}
              extent={extent}
            />
          )}
        </div>
        <div class="map-tools" role="toolbar" aria-label="Map">
          <button type="button" class="button" aria-pressed={!moving} onClick={() => setMoving(false)}>
            Select
          </button>
          <button type="button" class="button" aria-pressed={moving} onClick={() => setMoving(true)}>
            Move
          </button>
          <button type="button" class="button step" aria-label="Zoom in" onClick={() => zoom(STEP)}>
            +
          </button>
          <button type="button" class="button step" aria-label="Zoom out" onClick={() => zoom(1 / STEP)}>
            −
          </button>
          <button type="button" class="button" disabled={camera === whole} onClick={() => look(whole)}>
            Whole map
          </button>
        </div>
      </div>
      <aside class="map-side" aria-label="About the map">
        <label class="field">
          Colour
          <select value={by} onChange={({ currentTarget }) => setBy(currentTarget.value as ColourBy)}>
            {coloursOf(set).map((one) => (
              <option key={one} value={one}>
                {colourNames[one]}
              </option>
            ))}
          </select>
        </label>
        <Legend groups={groups} counts={counts} />
        {set.blind !== undefined && (
          <p class="hint muted">
            Images of the {set.blind} split are reviewed blind and are not on the map: their positions would
            reveal which images the model finds similar.
          </p>
        )}
        <p class="hint muted">
          Draw a loop around images to select them; hold Shift to add. Double-click an image to open it.
        </p>
        <div class="map-around">
          <label class="field">
            Radius around the focused image
            <input
              type="range"
              min={10}
              max={200}
              step={5}
              value={radius}
              onInput={({ currentTarget }) => setRadius(currentTarget.valueAsNumber)}
            />
          </label>
          <button type="button" class="button small" disabled={focused === undefined} onClick={selectAround}>
            Select in the radius <kbd>Space</kbd>
          </button>
          <button
            type="button"
            class="button small"
            disabled={focused === undefined}
            onClick={() => focused !== undefined && onOpen(images[focused] as number)}
          >
            Open the image <kbd>Enter</kbd>
          </button>
        </div>
        <div class="map-selected">
          <p>
            <b class="number">{number(selection.size)}</b> selected
          </p>
          <button
            type="button"
            class="button primary"
            disabled={selection.size === 0}
            onClick={() => onShow(selection)}
          >
            Show in the grid
          </button>
          <button
            type="button"
            class="button"
            disabled={selection.size === 0}
            onClick={() => select(new Set())}
          >
            Clear
          </button>
        </div>
      </aside>
    </div>
  );
}

function placeIn(element: HTMLElement, { clientX, clientY }: MouseEvent): Point {
  const { left, top } = element.getBoundingClientRect();
  return { x: clientX - left - element.clientLeft, y: clientY - top - element.clientTop };
}

function isPair(points: readonly Point[]): points is readonly [Point, Point] {
  return points.length === 2;
}

/** The shift that moves a coordinate outside of 0 to `size` well inside. */
function outside(at: number, size: number): number {
  if (at < 0) return size / 4 - at;
  return at > size ? (3 * size) / 4 - at : 0;
}
