/** The models of a page, as listed in the `models.json` next to it. */

import { PAGE_MODELS, type PageModel, type PageModels } from "../../../src/export/page-models.ts";
import type { ModelToLoad } from "../recogniser/protocol.ts";

/** Reads the list in the folder at `base`; the returned addresses of models are absolute. @throws Error with the reason. */
export async function fetchPageModels(base: string): Promise<PageModels> {
  const address = new URL(PAGE_MODELS, base).href;
  const response = await fetch(address, { cache: "no-cache" });
  if (!response.ok) throw new Error(`${address}: the server answers ${response.status}`);
  const { models, offered = [], detector } = (await response.json()) as PageModels;
  const absolute = (list: PageModels["models"]): PageModels["models"] =>
    list.map((model) => ({ ...model, file: new URL(model.file, address).href }));
  return {
    models: absolute(models),
    offered: absolute(offered),
    ...(detector && {
      detector: { ...detector, ...(detector.file && { file: new URL(detector.file, address).href }) },
    }),
  };
}

/** A model of the list, in the form that the worker loads. */
export function toLoad({ file, name, prior }: PageModel): ModelToLoad {
  return { source: file, name, prior };
}
