/** The whole page: its header, the models, and the views. */

import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { CameraView } from "./camera/camera-view.tsx";
import { ModelBar } from "./models/model-bar.tsx";
import { useModels } from "./models/use-models.ts";
import { Footer } from "./parts/footer.tsx";
import { Header } from "./parts/header.tsx";
import { isModelFile, useFilesFromAnywhere } from "./parts/use-files.ts";
import { isFocusLost } from "./parts/use-focus-kept.ts";
import { useView } from "./parts/use-view.ts";
import { PicturesView } from "./pictures/pictures-view.tsx";
import { usePictures } from "./pictures/use-pictures.ts";
import { startRecogniser } from "./recogniser/recogniser.ts";
import { TeachLater } from "./teach/teach-later.tsx";

/** Below this probability no expression is named. The user can change it. */
const USUAL_THRESHOLD = 0.5;

export function App({ onReady }: { onReady(runtimeFiles: readonly string[]): void }) {
  const recogniser = useMemo(startRecogniser, []);
  const loaded = useModels(recogniser, onReady);
  const { models, add } = loaded;
  const pictures = usePictures(recogniser, models);
  const [threshold, setThreshold] = useState(USUAL_THRESHOLD);
  const [view, show] = useView();
  const main = useRef<HTMLElement>(null);
  const take = useCallback(
    (files: readonly File[]) => {
      const own = files.filter(isModelFile);
      const photos = files.filter((file) => !isModelFile(file));
      for (const file of own) add(file);
      // The view Teach handles images itself, as examples.
      if (photos.length === 0 || view === "teach") return;
      pictures.add(photos);
      show("pictures");
    },
    [add, pictures.add, show, view],
  );
  const dragging = useFilesFromAnywhere(take);
  useEffect(() => {
    document.title = view === "pictures" ? "vultus" : `vultus: ${view}`;
  }, [view]);
  // The element that had the focus in the previous view is gone.
  const shown = useRef(view);
  useLayoutEffect(() => {
    if (shown.current !== view && isFocusLost()) main.current?.focus();
    shown.current = view;
  }, [view]);

  return (
    <div class={dragging ? "app dragging" : "app"}>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to the content
      </a>
      <Header view={view} />
      <ModelBar models={loaded} threshold={threshold} onThreshold={setThreshold} />
      <main id="main" ref={main} tabIndex={-1}>
        {view === "pictures" ? (
          <PicturesView pictures={pictures} models={models} threshold={threshold} onFiles={take} />
        ) : (
          view === "camera" && <CameraView recogniser={recogniser} models={models} threshold={threshold} />
        )}
        <TeachLater active={view === "teach"} recogniser={recogniser} models={loaded} show={show} />
      </main>
      <Footer />
    </div>
  );
}
