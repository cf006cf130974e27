/** Keeps the keyboard focus when the focused element disappears, is hidden or is disabled. */

import type { RefObject } from "preact";
import { useEffect } from "preact/hooks";

/** Whether no usable element has the focus. */
export function isFocusLost(): boolean {
  const { activeElement: at } = document;
  return at === null || at === document.body || at.matches(":disabled") || at.closest("[hidden]") !== null;
}

/** Moves a lost focus below `root` to the nearest focusable container around it: one with `tabIndex={-1}`. */
export function useFocusKept(root: RefObject<HTMLElement>): void {
  useEffect(() => {
    const within = root.current;
    if (!within) return;
    /** The containers around the focused element, the innermost first; none after a click outside everything. */
    let around: readonly HTMLElement[] = [];
    const remember = ({ target }: FocusEvent): void => {
      around = target instanceof HTMLElement && within.contains(target) ? containersOf(target) : [];
    };
    const forget = (): void => {
      around = [];
    };
    const observer = new MutationObserver(() => {
      if (document.hasFocus() && isFocusLost())
        around.find(({ isConnected }) => isConnected)?.focus({ preventScroll: true });
    });
    document.addEventListener("focusin", remember);
    document.addEventListener("pointerdown", forget);
    observer.observe(within, {
      childList: true,
      subtree: true,
      attributes: true,
      attributeFilter: ["disabled"],
    });
    return () => {
      document.removeEventListener("focusin", remember);
      document.removeEventListener("pointerdown", forget);
      observer.disconnect();
    };
  }, []);
}

function containersOf(element: HTMLElement): HTMLElement[] {
  const container = element.parentElement?.closest<HTMLElement>("[tabindex='-1']");
  return container ? [container, ...containersOf(container)] : [];
}
