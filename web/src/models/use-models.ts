/** The page's models: those it offers, and the one or two loaded ones, which may be the user's own. */

import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { PAGE_MODELS, type PageModel } from "../../../src/export/page-models.ts";
import { detectorOf } from "../recogniser/networks.ts";
import type { ModelInfo, Setup } from "../recogniser/protocol.ts";
import type { Recogniser } from "../recogniser/recogniser.ts";
import { fetchPageModels, toLoad } from "./page-models.ts";
import { type ChosenPrior, rememberedPrior, rememberPrior } from "./prior-choice.ts";

/** The models shown next to each other. */
const MOST_MODELS = 2;

export interface Models {
  /** Undefined until the first model runs. */
  readonly setup: Setup | undefined;
  /** Models of the page that are not loaded. */
  readonly offered: readonly PageModel[];
  /** Size in bytes of the initially loaded models, once it is known. */
  readonly bytes: number | undefined;
  readonly models: readonly ModelInfo[];
  /** The class prior chosen for all models; without a choice each keeps its original one. */
  readonly prior: ChosenPrior | undefined;
  /** The reason why nothing can run. */
  readonly failure: string | undefined;
  /** The reason why a file was rejected, or what is being loaded. */
  readonly notice: Notice | undefined;
  /** Loads a file, or a model of the page. */
  add(model: File | PageModel): void;
  remove(id: number): void;
  setPrior(prior: ChosenPrior | undefined): void;
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
  // The same as `models`, but current between two renders.
  const loaded = useRef(models);
  const change = useCallback((next: readonly ModelInfo[]) => {
    loaded.current = next;
    setModels(next);
  }, []);
  const [prior, setShownPrior] = useState(rememberedPrior);
  const chosen = useRef(prior);
  const [failure, setFailure] = useState<string>();
  const [notice, setNotice] = useState<Notice>();

  // One change at a time: another prior gives the models new ids.
  const turn = useRef(Promise.resolve());
  const inTurn = useCallback((work: () => Promise<void>) => {
    turn.current = turn.current
      .then(work)
      .catch((error: Error) => setNotice({ kind: "error", text: error.message }));
  }, []);

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
      const all: ModelInfo[] = [];
      for (const model of [started.model, ...added])
        all.push(chosen.current ? await withPrior(recogniser, model, chosen.current) : model);
      setSetup(started);
      change(all);
      const own = [
        ...added.map(({ address }) => address as string),
        new URL(PAGE_MODELS, document.baseURI).href,
      ];
      onReady([...started.files, ...own]);
    };
    begin().catch((error: Error) => setFailure(error.message));
  }, [recogniser, onReady, change]);

  const remove = useCallback(
    (id: number) => {
      change(loaded.current.filter((model) => model.id !== id));
      recogniser.remove({ model: id }).catch(() => {});
    },
    [recogniser, change],
  );

  const add = useCallback(
    (model: File | PageModel) => {
      const busy: Notice = { kind: "busy", text: `Loading ${model.name} …` };
      setNotice(busy);
      const load = async (): Promise<void> => {
        const read = await recogniser.add(model instanceof File ? { source: model } : toLoad(model));
        const added = chosen.current ? await withPrior(recogniser, read, chosen.current) : read;
        for (const { id } of loaded.current.slice(MOST_MODELS - 1))
          recogniser.remove({ model: id }).catch(() => {});
        change([...loaded.current.slice(0, MOST_MODELS - 1), added]);
        // Keeps a newer message about another file.
        setNotice((now) => (now === busy ? undefined : now));
      };
      inTurn(load);
    },
    [recogniser, change, inTurn],
  );

  const setPrior = useCallback(
    (choice: ChosenPrior | undefined) => {
      chosen.current = choice;
      setShownPrior(choice);
      rememberPrior(choice);
      const shift = async (): Promise<void> => {
        for (const before of loaded.current) {
          const after = await withPrior(recogniser, before, choice);
          const isThere = loaded.current.some(({ id }) => id === before.id);
          if (isThere) change(loaded.current.map((model) => (model.id === before.id ? after : model)));
          else recogniser.remove({ model: after.id }).catch(() => {});
        }
      };
      inTurn(shift);
    },
    [recogniser, change, inTurn],
  );
  const offered = known.filter(({ file }) => models.every(({ address }) => address !== file));
  return { setup, offered, bytes, models, failure, notice, prior, add, remove, setPrior };
}

/** Returns the model for another prior, or unchanged if its prior cannot be shifted. */
async function withPrior(
  recogniser: Recogniser,
  model: ModelInfo,
  prior: ChosenPrior | undefined,
): Promise<ModelInfo> {
  return model.prior === undefined ? model : recogniser.prior({ model: model.id, prior });
}
