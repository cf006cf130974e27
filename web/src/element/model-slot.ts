/** The single model of an element, in its own worker: loaded once, and replaced on request. */

import type { VultusCameraModel } from "../../../src/element.ts";
import { fetchPageModels, toLoad } from "../models/page-models.ts";
import { detectorOf } from "../recogniser/networks.ts";
import type { ModelInfo, Setup, StartRequest } from "../recogniser/protocol.ts";
import { type Recogniser, startRecogniser } from "../recogniser/recogniser.ts";

export interface LoadedModel {
  readonly recogniser: Recogniser;
  readonly info: ModelInfo;
  /** As the element reports it. */
  readonly model: VultusCameraModel;
}

/** The attributes of an element that select its model. */
export interface WantedModel {
  readonly model: string | undefined;
  readonly prior: string | undefined;
}

export interface ModelSlot {
  /**
   * Loads the model at this address, or the first one in the folder at `home`, for this class prior or its own. @throws Error
   * with the reason.
   */
  load(wanted: WantedModel): Promise<LoadedModel>;
  /** Ends the worker. */
  close(): void;
}

export function modelSlot(home: string): ModelSlot {
  let asked: { readonly wanted: WantedModel; readonly loaded: Promise<LoadedModel> } | undefined;
  let running: { readonly recogniser: Recogniser; readonly setup: Setup; info: ModelInfo } | undefined;
  let recogniser: Recogniser | undefined;
  let closed = false;

  async function open({ model: address, prior }: WantedModel): Promise<LoadedModel> {
    const { model: found, detector } =
      address === undefined
        ? await firstOf(home)
        : { model: { source: address }, detector: detectorOf(undefined) };
    const model = prior === undefined ? found : { ...found, prior };
    if (closed) throw new Error("the element has left the page");
    if (running) {
      const former = running.info;
      running.info = await running.recogniser.add(model);
      void running.recogniser.remove({ model: former.id }).catch(() => {});
    } else {
      recogniser = startRecogniser();
      try {
        const setup = await recogniser.start({ model, detector });
        running = { recogniser, setup, info: setup.model };
      } catch (error) {
        recogniser.close();
        throw error;
      }
    }
    const { info, setup } = running;
    const { name, classes, inputSize } = info;
    const { device, threads } = setup;
    return { recogniser: running.recogniser, info, model: { name, classes, inputSize, device, threads } };
  }

  return {
    load(wanted) {
      if (asked && asked.wanted.model === wanted.model && asked.wanted.prior === wanted.prior)
        return asked.loaded;
      const former = asked?.loaded;
      const loaded = (async () => {
        await former?.catch(() => {});
        return open(wanted);
      })();
      const current = { wanted, loaded };
      asked = current;
      // A failed model may be requested again.
      loaded.catch(() => {
        if (asked === current) asked = undefined;
      });
      return loaded;
    },
    close() {
      closed = true;
      recogniser?.close();
    },
  };
}

async function firstOf(home: string): Promise<Pick<StartRequest, "model" | "detector">> {
  try {
    const {
      models: [first],
      detector,
    } = await fetchPageModels(home);
    if (first) return { model: toLoad(first), detector: detectorOf(detector) };
  } catch {}
  throw new Error(
    "there is no model: set the attribute model to the URL of one, because there is no models.json next to the element's script",
  );
}
