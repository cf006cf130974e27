/** The view Teach, whose code is loaded when it is opened first. */

import { useEffect, useState } from "preact/hooks";
import type { TeachView, TeachViewProps } from "./teach-view.tsx";

export function TeachLater(props: TeachViewProps) {
  const [loaded, setLoaded] = useState<{ readonly View: typeof TeachView }>();
  const [failure, setFailure] = useState<string>();
  useEffect(() => {
    import("./teach-view.tsx").then(
      ({ TeachView: View }) => setLoaded({ View }),
      (error: Error) => setFailure(error.message),
    );
  }, []);
  if (loaded) return <loaded.View {...props} />;
  return failure === undefined ? null : (
    <p class="error" role="alert">
      The view cannot be loaded: {failure}. Open the page again.
    </p>
  );
}
