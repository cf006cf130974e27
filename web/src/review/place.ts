/** The user's place: the view, the image and the filters. It is stored after the # of the URL, so that a reload keeps it. */

import { useEffect, useRef, useState } from "preact/hooks";
import { splits } from "../../../src/data/dataset.ts";
import { decodeNumbers, encodeNumbers } from "../../../src/util/number-set.ts";
import { type Filters, states } from "./filters.ts";

export const views = ["one", "grid", "map"] as const;
export type View = (typeof views)[number];

export interface Place extends Filters {
  readonly view: View;
  readonly image: number | undefined;
  /** Whether the image shows where the model looked. */
  readonly heat: boolean;
}

export type Go = (change: Partial<Place>) => void;

/** Browsers refuse addresses that change more than a few times per second. */
const QUIET = 300;

/** A change of the view is a history entry; everything else only changes the address. */
export function usePlace(): [Place, Go] {
  const [place, setPlace] = useState(() => placeOf(location.hash));
  const latest = useRef(place);
  const writing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const write = (): void => {
    clearTimeout(writing.current);
    history.replaceState(null, "", hashOf(latest.current));
  };
  useEffect(() => {
    const follow = (): void => {
      latest.current = placeOf(location.hash);
      setPlace(latest.current);
    };
    addEventListener("popstate", follow);
    addEventListener("pagehide", write);
    return () => {
      removeEventListener("popstate", follow);
      removeEventListener("pagehide", write);
    };
  }, []);
  const go: Go = (change) => {
    const before = latest.current;
    latest.current = { ...before, ...change };
    if (latest.current.view !== before.view) {
      history.replaceState(null, "", hashOf(before));
      history.pushState(null, "", hashOf(latest.current));
    }
    clearTimeout(writing.current);
    writing.current = setTimeout(write, QUIET);
    setPlace(latest.current);
  };
  return [place, go];
}

export function placeOf(hash: string): Place {
  const given = new URLSearchParams(hash.slice(1));
  const oneOf = <T extends string>(name: string, values: readonly T[]): T | undefined =>
    values.find((value) => value === given.get(name));
  const image = Number.parseInt(given.get("image") ?? "", 10);
  return {
    view: oneOf("view", views) ?? "one",
    image: Number.isNaN(image) ? undefined : image,
    heat: given.has("heat"),
    class: given.get("class") ?? undefined,
    pair: given.get("pair") ?? undefined,
    split: oneOf("split", splits),
    state: oneOf("state", states),
    suspects: given.has("suspects"),
    map: numbersOf(given.get("map")),
  };
}

export function hashOf({ view, image, heat, suspects, map, ...filters }: Place): string {
  const parts = new URLSearchParams({ view });
  if (image !== undefined) parts.set("image", String(image));
  if (heat) parts.set("heat", "");
  if (suspects) parts.set("suspects", "");
  for (const [name, value] of Object.entries(filters)) if (value !== undefined) parts.set(name, value);
  if (map) parts.set("map", btoa(String.fromCharCode(...encodeNumbers(map))));
  return `#${parts}`;
}

function numbersOf(text: string | null): ReadonlySet<number> | undefined {
  if (text === null) return undefined;
  try {
    return new Set(
      decodeNumbers(
        Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
        "map",
      ),
    );
  } catch {
    return undefined;
  }
}
