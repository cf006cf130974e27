/** The displayed size of an element; 0 × 0 until it is known. */

import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Extent } from "./place-labels.ts";

export function useExtent(element: RefObject<HTMLElement>): Extent {
  const [extent, setExtent] = useState<Extent>({ width: 0, height: 0 });
  useEffect(() => {
    const { current } = element;
    if (!current) return;
    const observer = new ResizeObserver(() =>
      setExtent({ width: current.clientWidth, height: current.clientHeight }),
    );
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  return extent;
}
