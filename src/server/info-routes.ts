/** Routes with information about the service: model, health, metrics and documentation. */

import type { FastifyInstance } from "fastify";
import type { AllModels } from "./all-models.ts";
import { docsPage } from "./docs-page.ts";
import type { Limits } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { Json } from "./openapi.ts";
import { Problem } from "./problems.ts";
import { checked, type ModelAnswer, modelQuerySchema, modelSchema } from "./schemas.ts";
import type { ServedDetector } from "./served-detector.ts";

/** These routes have no rate limit, because probes may ask at any rate. */
const unlimited = { rateLimit: false } as const;

/** `/healthz`: the process is running. `/readyz`: it accepts requests, until it shuts down. */
export function healthRoutes(app: FastifyInstance, closing: () => boolean): void {
  const text = { answer: "text/plain" } as const;
  app.get(
    "/healthz",
    { config: { ...unlimited, doc: { summary: "Whether the process is running", ...text } } },
    async () => "ok\n",
  );
  app.get(
    "/readyz",
    {
      config: {
        ...unlimited,
        doc: { summary: "Whether the service accepts requests", ...text, problems: ["shutting_down"] },
      },
    },
    async () => {
      if (closing()) throw new Problem("shutting_down", "the service accepts no new requests");
      return "ready\n";
    },
  );
}

export function modelRoute(
  app: FastifyInstance,
  models: AllModels,
  detector: ServedDetector | undefined,
  { bodyBytes, pixels, pictures, faces }: Limits,
): void {
  app.get(
    "/v1/model",
    {
      config: {
        doc: {
          summary: "The model in use: its labels, metrics and model card, and the request limits",
          query: modelQuerySchema,
          answer: modelSchema,
          problems: ["invalid_request", "unauthorized", "origin_refused", "rate_limited"],
        },
      },
    },
    async ({ query }): Promise<ModelAnswer> => {
      const { model } = checked(modelQuerySchema, query, "address");
      return {
        ...models.named(model).current.description,
        detector: detector?.description ?? null,
        served: models.all.map(({ current: { description } }) => ({
          name: description.name,
          version: description.version,
        })),
        limits: { bodyBytes, pixels, pictures, faces },
      };
    },
  );
}

export function metricsRoute(app: FastifyInstance, { registry }: Metrics): void {
  app.get(
    "/metrics",
    {
      config: {
        ...unlimited,
        doc: { summary: "Counters for Prometheus", answer: "text/plain", problems: ["unauthorized"] },
      },
    },
    async (_, reply) => reply.type(registry.contentType).send(await registry.metrics()),
  );
}

/** `document` builds the OpenAPI document (`collectRoutes`). */
export function docsRoutes(app: FastifyInstance, document: () => Json): void {
  app.get(
    "/openapi.json",
    { config: { doc: { summary: "This document", answer: "application/json" } } },
    async () => document(),
  );
  app.get(
    "/docs",
    { config: { doc: { summary: "This document as a web page", answer: "text/html" } } },
    async ({ protocol, host }, reply) =>
      reply.type("text/html; charset=utf-8").send(docsPage(document(), `${protocol}://${host}`)),
  );
}
