/** The view Teach: its code is loaded when it is first opened; it then stays mounted, since it may be training. */

import { useEffect, useState } from "preact/hooks";
import type { TeachView, TeachViewProps } from "./teach-view.tsx";

export function TeachLater(props: TeachViewProps) {
  const { active } = props;
  const [loaded, setLoaded] = useState<{ readonly View: typeof TeachView }>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    if (!active || loaded) return;
    import("./teach-view.tsx").then(
      ({ TeachView: View }) => setLoaded({ View }),
      (error: Error) => setFailure(error.message),
    );
  }, [active]);
  if (loaded)
    return (
      <div hidden={!active}>
        <loaded.View {...props} />
      </div>
    );
  return failure === undefined || !active ? null : (
    <p class="error" role="alert">
      The view cannot be loaded: {failure}. Reload the page.
    </p>
  );
}
