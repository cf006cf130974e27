/** `POST /v1/predict`: returns the faces of images. */

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

/** Shared by all prediction requests. */
export interface PredictService {
  readonly models: AllModels;
  readonly admission: Admission;
  readonly limits: Limits;
  readonly metrics: Metrics;
}

const doc = {
  summary: "Finds the faces in images and classifies their expressions",
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

/** The plugin. Its handler receives bodies as streams. */
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
      // Rejects an unknown model or an invalid prior before the body is read.
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

/** Returns only when no more work is done for the request, so that its memory stays counted until then. */
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

/**
 * Returns the shift from the file's probabilities to the prior of the request or the service. @throws Problem for an
 * invalid prior
 */
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

/** An unreadable image among others is reported in its place. If no image is readable, the request fails. */
function refuseUnreadable(predictions: readonly PictureAnswer[]): void {
  const [first] = predictions;
  if (first?.code && predictions.every(({ status }) => status === "unreadable"))
    throw new Problem(first.code, first.reason ?? "");
}
