/** Keeps the keyboard focus at the camera when it starts and stops, although the pressed button is replaced. */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { isFocusLost } from "../parts/use-focus-kept.ts";
import type { CameraState } from "./use-camera.ts";

/** The returned element has the focus while the browser asks for permission; its first button has it afterwards. */
export function useCameraFocus({ kind }: CameraState): RefObject<HTMLDivElement> {
  const place = useRef<HTMLDivElement>(null);
  const shown = useRef(kind);
  useLayoutEffect(() => {
    const hasChanged = shown.current !== kind;
    shown.current = kind;
    const { current } = place;
    if (!current || !hasChanged || !(isFocusLost() || document.activeElement === current)) return;
    if (kind === "asking") current.focus();
    else current.querySelector("button")?.focus();
  }, [kind]);
  return place;
}
