/** The keys of the page and their descriptions in the page and its help. */

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

const DIGIT = /^[0-9]$/;

/** The digit of a class: 1 for the first and 0 for the tenth. Classes that are all named by digits keep their own. */
export function digitOf(classes: readonly string[], index: number): string | undefined {
  if (classes.every((name) => DIGIT.test(name))) return classes[index];
  return index < 10 ? String((index + 1) % 10) : undefined;
}

/** The class for a digit. */
export function classOfDigit(classes: readonly string[], key: string): number | undefined {
  const index = DIGIT.test(key) ? classes.findIndex((_, i) => digitOf(classes, i) === key) : -1;
  return index < 0 ? undefined : index;
}

/** Elements that handle single keys themselves. */
const FIELDS = "input:not([type=checkbox]), select, textarea, dialog";
/** Elements that Enter and Space press. */
const PRESSED = "button, a, summary, input";

/** @returns whether the key is meant for the focused element, not for the page. */
export function isForElement(event: KeyboardEvent): boolean {
  const { target, key } = event;
  if (!(target instanceof Element)) return false;
  return (
    target.matches(FIELDS) ||
    target.closest("dialog") !== null ||
    ((key === "Enter" || key === " ") && target.matches(PRESSED))
  );
}

/** Calls `handle` for every key pressed on the page. */
export function useKeys(handle: (event: KeyboardEvent) => void): void {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => latest.current(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}
