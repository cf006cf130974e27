/** The models of the page: those that it has, and of these and a person's own one or two that are loaded. */

import { useCallback, useEffect, useState } from "preact/hooks";
import { PAGE_MODELS, type PageModel } from "../../../src/export/page-models.ts";
import { detectorOf } from "../recogniser/networks.ts";
import type { ModelInfo, Setup } from "../recogniser/protocol.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";
import { fetchPageModels, toLoad } from "./page-models.ts";

/** Models beside each other. */
const MOST_MODELS = 2;

export interface Models {
  /** Undefined until the first model runs. */
  readonly setup: Setup | undefined;
  /** Models of the page that are not loaded. */
  readonly offered: readonly PageModel[];
  /** Bytes of the models that are being loaded at first, once they are known. */
  readonly bytes: number | undefined;
  readonly models: readonly ModelInfo[];
  /** Why nothing can run. */
  readonly failure: string | undefined;
  /** Why a file was not taken, or what is being loaded. */
  readonly notice: Notice | undefined;
  /** Loads a file, or a model of the page. */
  add(model: File | PageModel): void;
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

  const [known, setKnown] = useState<readonly PageModel[]>([]);
  const [bytes, setBytes] = useState<number>();

  useEffect(() => {
    const begin = async (): Promise<void> => {
      const page = await fetchPageModels(document.baseURI);
      const [first, ...others] = page.models.slice(0, MOST_MODELS);
      if (!first) throw new Error("models.json names no model");
      setKnown([...page.models, ...(page.offered ?? [])]);
      setBytes([first, ...others].reduce((sum, model) => sum + model.bytes, 0));
      const started = await recogniser.start({
        model: toLoad(first),
        detector: detectorOf(page.detector),
      });
      const added: ModelInfo[] = [];
      for (const other of others) added.push(await recogniser.add(toLoad(other)));
      setSetup(started);
      setModels([started.model, ...added]);
      const own = [
        ...added.map(({ address }) => address as string),
        new URL(PAGE_MODELS, document.baseURI).href,
      ];
      onReady([...started.files, ...own]);
    };
    begin().catch((error: Error) => setFailure(error.message));
  }, [recogniser, onReady]);

  const remove = useCallback(
    (id: number) => {
      setModels((before) => before.filter((model) => model.id !== id));
      recogniser.remove({ model: id }).catch(() => {});
    },
    [recogniser],
  );

  const add = useCallback(
    (model: File | PageModel) => {
      const busy: Notice = { kind: "busy", text: `Loading ${model.name} …` };
      setNotice(busy);
      const load = async (): Promise<void> => {
        const added = await recogniser.add(model instanceof File ? { source: model } : toLoad(model));
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
  const offered = known.filter(({ file }) => models.every(({ address }) => address !== file));
  return { setup, offered, bytes, models, failure, notice, add, remove };
}
