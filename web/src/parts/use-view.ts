/** Which view is open: it stands behind the # of the address, so that links, history and reloads work. */

import { useCallback, useEffect, useState } from "preact/hooks";

export type View = "pictures" | "camera";

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
  return location.hash === "#camera" ? "camera" : "pictures";
}
