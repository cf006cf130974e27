/** The open view, stored after the # of the URL, so that links, history and reloads work. */

import { useCallback, useEffect, useState } from "preact/hooks";

export type View = "pictures" | "camera" | "teach";

export function useView(): [View, (view: View) => void] {
  const [view, setView] = useState(viewOfAddress);
  useEffect(() => {
    const follow = (): void => setView(viewOfAddress());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  const show = useCallback((wanted: View) => {
    location.hash = wanted;
  }, []);
  return [view, show];
}

function viewOfAddress(): View {
  const name = location.hash.slice(1);
  return name === "camera" || name === "teach" ? name : "pictures";
}
