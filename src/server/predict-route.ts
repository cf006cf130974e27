/** `POST /v1/predict`: images in, faces out. */

import type { FastifyInstance } from "fastify";
import type { PriorShift } from "../metrics/prior.ts";
import { statedPrior, withPrior } from "../program/bundle-prior.ts";
import { UsageError } from "../util/errors.ts";
import type { Admission } from "./admission.ts";
import type { AllModels } from "./all-models.ts";
import { readBody } from "./bodies.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import { Problem } from "./problems.ts";
import { recognise } from "./recognise.ts";
import type { Models } from "./reload.ts";
import { orAborted, requestSignal } from "./request-signal.ts";
import {
  type Answer,
  answerSchema,
  checked,
  type PictureAnswer,
  type Query,
  querySchema,
} from "./schemas.ts";
import type { ServedModel } from "./served-model.ts";

/** What requests for predictions share. */
export interface PredictService {
  readonly models: AllModels;
  readonly admission: Admission;
  readonly limits: Limits;
  readonly metrics: Metrics;
}

const doc = {
  summary: "The faces of images, and what each expresses",
  query: querySchema,
  pictures: true,
  answer: answerSchema,
  problems: [
    "invalid_request",
    "damaged_body",
    "unauthorized",
    "origin_refused",
    "request_timeout",
    "body_too_large",
    "too_many_pictures",
    "too_many_pixels",
    "unsupported_media_type",
    "unreadable_picture",
    "rate_limited",
    "internal",
    "queue_full",
    "worker_lost",
    "timeout",
    "shutting_down",
  ],
} as const;

/** A plugin. Bodies reach its handler as the streams that they are. */
export async function predictRoute(app: FastifyInstance, service: PredictService): Promise<void> {
  const { admission, limits } = service;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_, __, done) => done(null));
  app.route({
    method: "POST",
    url: "/v1/predict",
    config: { doc },
    onRequest: async () => admission.check(),
    async handler(request, reply): Promise<Answer> {
      const query = checked(querySchema, request.query, "address");
      // A name that is not served, or a prior that the model does not have, is refused before anything is read.
      const models = service.models.named(query.model);
      shiftFor(models.current, query.prior);
      const body = await readBody(request.raw, limits, admission);
      const { signal, end } = requestSignal(reply, limits.timeout);
      const work = predict(models, service, body.pictures, query, signal).finally(() => {
        body.release();
        end();
      });
      const { predictions, ...about } = await orAborted(work, signal);
      request.faces = predictions.reduce((sum, { faces }) => sum + faces.length, 0);
      return { ...about, predictions, milliseconds: Math.round(reply.elapsedTime * 10) / 10 };
    },
  });
}

/** It ends when nothing works for it any more, so that what it holds can be counted until then. */
async function predict(
  models: Models,
  { admission, limits, metrics }: PredictService,
  pictures: readonly Uint8Array[],
  query: Query,
  signal: AbortSignal,
): Promise<Omit<Answer, "milliseconds">> {
  const leave = admission.accept(pictures.length);
  try {
    return await models.use(async (model) => {
      const { shift, prior } = shiftFor(model, query.prior);
      const asked = { ...query, shift };
      const settled = await Promise.allSettled(
        pictures.map((bytes) => recognise(bytes, model, admission, limits, asked, signal, metrics.search)),
      );
      const predictions = settled.map((result) => {
        if (result.status === "rejected") throw result.reason;
        return result.value;
      });
      predictions.forEach(metrics.picture);
      refuseUnreadable(predictions);
      const { name, version } = model.description;
      return { model: { name, version }, ...(prior && { prior }), predictions };
    });
  } finally {
    leave();
  }
}

/** What the file's probabilities change by for the prior of a request, or of the service. @throws Problem for one that is none. */
function shiftFor(
  { bundle }: ServedModel,
  asked: Query["prior"],
): { readonly shift: PriorShift | undefined; readonly prior: Answer["prior"] } {
  try {
    const shifted = withPrior(bundle, asked);
    return { shift: shifted.shift, prior: statedPrior(shifted) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new Problem("invalid_request", error.message);
  }
}

/** One unreadable image among others is told in its place; where nothing could be read there is no result. */
function refuseUnreadable(predictions: readonly PictureAnswer[]): void {
  const [first] = predictions;
  if (first?.code && predictions.every(({ status }) => status === "unreadable"))
    throw new Problem(first.code, first.reason ?? "");
}
