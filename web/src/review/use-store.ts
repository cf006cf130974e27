/** A store that reports changes: the page is rendered again, at most once per frame. */

import { useRef, useState } from "preact/hooks";

export function useStore<T>(create: (changed: () => void) => T): T {
  const [, redraw] = useState(0);
  const store = useRef<T | undefined>(undefined);
  const waiting = useRef(false);
  store.current ??= create(() => {
    if (waiting.current) return;
    waiting.current = true;
    requestAnimationFrame(() => {
      waiting.current = false;
      redraw((n) => n + 1);
    });
  });
  return store.current;
}
