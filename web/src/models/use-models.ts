/** The models that are loaded: the one that ships, or up to two that are compared. */

import { useCallback, useEffect, useState } from "preact/hooks";
import eyesUrl from "../../../dist/models/eyes.onnx?url";
import detectorUrl from "../../../dist/models/face_detector.onnx?url";
import modelUrl from "../../../models/vultus_m.onnx?url";
import type { ModelInfo, Setup } from "../recogniser/protocol.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";

/** Models beside each other. */
const MOST_MODELS = 2;

export interface Models {
  /** Undefined until the first model runs. */
  readonly setup: Setup | undefined;
  readonly models: readonly ModelInfo[];
  /** Why nothing can run. */
  readonly failure: string | undefined;
  /** Why a file was not taken, or what is being loaded. */
  readonly notice: Notice | undefined;
  /** Loads a file, or the model that ships where none is given. */
  add(file?: File): void;
  remove(id: number): void;
}

export interface Notice {
  readonly kind: "busy" | "error";
  readonly text: string;
}

export function useModels(
  recogniser: Recogniser,
  onReady: (runtimeFiles: readonly string[]) => void,
): Models {
  const [setup, setSetup] = useState<Setup>();
  const [models, setModels] = useState<readonly ModelInfo[]>([]);
  const [failure, setFailure] = useState<string>();
  const [notice, setNotice] = useState<Notice>();

  useEffect(() => {
    const address = (path: string): string => new URL(path, document.baseURI).href;
    const files = { model: address(modelUrl), detector: address(detectorUrl), eyes: address(eyesUrl) };
    recogniser.start(files).then(
      (started) => {
        setSetup(started);
        setModels([started.model]);
        onReady(started.files);
      },
      (error: Error) => setFailure(error.message),
    );
  }, [recogniser, onReady]);

  const remove = useCallback(
    (id: number) => {
      setModels((before) => before.filter((model) => model.id !== id));
      recogniser.remove({ model: id }).catch(() => {});
    },
    [recogniser],
  );

  const add = useCallback(
    (file?: File) => {
      const busy: Notice = { kind: "busy", text: `Loading ${file?.name ?? "the model that ships"} …` };
      setNotice(busy);
      const load = async (): Promise<void> => {
        const added = await recogniser.add({ file: file ?? new URL(modelUrl, document.baseURI).href });
        setModels((before) => {
          for (const { id } of before.slice(MOST_MODELS - 1))
            recogniser.remove({ model: id }).catch(() => {});
          return [...before.slice(0, MOST_MODELS - 1), added];
        });
        // What is said of another file by now stays.
        setNotice((now) => (now === busy ? undefined : now));
      };
      load().catch((error: Error) => setNotice({ kind: "error", text: error.message }));
    },
    [recogniser],
  );
  return { setup, models, failure, notice, add, remove };
}
