/** Serves the models of the page at `/`: the list that the page reads first, and their files. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import {
  PAGE_DETECTOR,
  PAGE_MODELS,
  type PageDetector,
  type PageModel,
  pageModelFiles,
  pagePrior,
} from "../export/page-models.ts";
import { modelName } from "../weights/load.node.ts";
import { shippedModel } from "../weights/shipped.node.ts";
import type { ServedDetector } from "./served-detector.ts";
import { readModelFile, type ServedModel } from "./served-model.ts";

/** A model that the page may load in the browser. */
export interface ServedPageModel {
  readonly name: string;
  /** Hash of its content. */
  readonly version: string;
  readonly bytes: Uint8Array;
  /** The service's class prior, by class, if it differs from the file's prior. */
  readonly prior?: Readonly<Record<string, number>>;
}

export interface ServedPageModels {
  /** Loaded at once. */
  readonly models: readonly ServedPageModel[];
  /** Loaded on request of the user. */
  readonly offered: readonly ServedPageModel[];
  readonly detector?: ServedDetector | undefined;
}

/** Returns the served models, and the model that ships for comparison. */
export function pageModelsOf(served: readonly ServedModel[], detector?: ServedDetector): ServedPageModels {
  const models = served.map(({ bundle, description: { name, version } }) => ({
    name,
    version,
    bytes: bundle.program.model,
    ...(bundle.shift && { prior: pagePrior(bundle.architecture.classes, bundle.shift.prior) }),
  }));
  shipped ??= readShipped();
  const { name, version } = shipped;
  const known = models.some((model) => model.version === version || model.name === name);
  return { models, offered: known ? [] : [shipped], detector };
}

let shipped: ServedPageModel | undefined;

function readShipped(): ServedPageModel {
  const { file, bundle, sha256 } = readModelFile(shippedModel());
  return { name: modelName(file), version: sha256.slice(0, 12), bytes: bundle.program.model };
}

/** Serves `models.json` and the files below `models/`. `current` returns the current models. */
export function pageModelRoutes(
  app: FastifyInstance,
  current: () => ServedPageModels,
  headers: Readonly<Record<string, string>>,
): void {
  app.get(`/${PAGE_MODELS}`, async (_, reply) => {
    const { models, offered, detector } = current();
    const entries = entriesOf([...models, ...offered]).map(({ entry }) => entry);
    return reply.headers({ ...headers, "cache-control": "no-cache" }).send({
      models: entries.slice(0, models.length),
      offered: entries.slice(models.length),
      ...(detector ? { detector: pageDetectorOf(detector) } : {}),
    });
  });
  app.get(`/${PAGE_DETECTOR}`, async (request, reply) => {
    const { detector } = current();
    const { bytes } = detector?.page ?? {};
    if (!detector || !bytes) return reply.callNotFound();
    return sendModel(request, reply, { bytes, version: detector.description.version });
  });
  app.get<{ Params: { file: string } }>("/models/:file", async (request, reply) => {
    const { models, offered } = current();
    const found = entriesOf([...models, ...offered]).find(
      ({ entry }) => entry.file === `models/${request.params.file}`,
    );
    if (!found) return reply.callNotFound();
    return sendModel(request, reply, found.model);
  });

  function sendModel(
    request: FastifyRequest,
    reply: FastifyReply,
    { bytes, version }: Pick<ServedPageModel, "bytes" | "version">,
  ): FastifyReply {
    const etag = `"${version}"`;
    void reply.headers({ ...headers, "cache-control": "no-cache", etag });
    if (request.headers["if-none-match"] === etag) return reply.code(304).send();
    return reply
      .type("application/octet-stream")
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }
}

function pageDetectorOf({ page: { bytes, settings } }: ServedDetector): PageDetector {
  return { ...(bytes ? { file: PAGE_DETECTOR } : {}), settings };
}

function entriesOf(
  models: readonly ServedPageModel[],
): { readonly model: ServedPageModel; readonly entry: PageModel }[] {
  const files = pageModelFiles(models.map(({ name }) => name));
  return models.map((model, i) => {
    const { name, bytes, prior } = model;
    return { model, entry: { name, file: files[i] as string, bytes: bytes.length, ...(prior && { prior }) } };
  });
}
