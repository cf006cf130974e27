/** The keys of the page: what they do, as the page and its help say it. */

import { useEffect, useRef } from "preact/hooks";

export interface Key {
  readonly keys: string;
  readonly does: string;
}

export function keysOf(task: "labels" | "unlabelled"): readonly Key[] {
  return [
    {
      keys: "1 … 9, 0",
      does: task === "labels" ? "Relabel to the class with that number" : "Give the label",
    },
    { keys: "Enter", does: task === "labels" ? "Keep the label" : "Accept the answer" },
    { keys: "x", does: "Leave out" },
    { keys: "u", does: "Undo" },
    { keys: "← → ↑ ↓", does: "Move" },
    { keys: "g", does: "Grid, and back to one by one" },
    { keys: "h", does: "Show where the model looked" },
    { keys: "?", does: "Show this help" },
    { keys: "Space", does: "In the grid: select. On the map: select what is near" },
    { keys: "Shift + ← → ↑ ↓", does: "In the grid: select from here to there" },
    { keys: "Ctrl + A, Esc", does: "In the grid: select all, select none" },
    { keys: "+ −", does: "On the map: zoom" },
  ];
}

/** The class that a digit means; 0 is the tenth. */
export function classOfDigit(key: string): number | undefined {
  return /^[0-9]$/.test(key) ? (Number(key) + 9) % 10 : undefined;
}

/** Where single keys are for the element itself. */
const FIELDS = "input:not([type=checkbox]), select, textarea, dialog";
/** What Enter and Space press. */
const PRESSED = "button, a, summary, input";

/** @returns whether the key is meant for what has the focus, and not for the page. */
export function isForElement(event: KeyboardEvent): boolean {
  const { target, key } = event;
  if (!(target instanceof Element)) return false;
  return (
    target.matches(FIELDS) ||
    target.closest("dialog") !== null ||
    ((key === "Enter" || key === " ") && target.matches(PRESSED))
  );
}

/** Calls `handle` for every key that is pressed on the page. */
export function useKeys(handle: (event: KeyboardEvent) => void): void {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => latest.current(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
