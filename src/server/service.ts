/** The whole service: the model, its queue, its routes and its page, started and stopped together. */

import type { IncomingHttpHeaders, OutgoingHttpHeaders, Server } from "node:http";
import { availableParallelism } from "node:os";
import { chooseDetector, nameOfDetector } from "../predict/detector-choice.node.ts";
import type { ModelOptions } from "../predict/model.node.ts";
import { asyncDispose } from "../util/dispose.ts";
import { version as ownVersion } from "../util/version.node.ts";
import { classifierPath } from "../weights/load.node.ts";
import { shippedModel } from "../weights/shipped.node.ts";
import { allowOrigins, isLoopback, requireLoopbackHost, requireToken } from "./access.ts";
import { type Admission, createAdmission } from "./admission.ts";
import { openAllModels } from "./all-models.ts";
import { type AppSettings, connectionProblem, createApp } from "./app.ts";
import { docsRoutes, healthRoutes, metricsRoute, modelRoute } from "./info-routes.ts";
import { type Limits, usualLimits } from "./limits.ts";
import { listenOn } from "./listen.ts";
import { onRequestEnd } from "./log.ts";
import { createMetrics } from "./metrics.ts";
import { collectRoutes } from "./openapi.ts";
import { page } from "./page.ts";
import { pageModelsOf } from "./page-models.ts";
import { predictRoute } from "./predict-route.ts";
import { Problem } from "./problems.ts";
import { limitRate } from "./rate.ts";
import { type Models, openModels } from "./reload.ts";
import { servedDetector } from "./served-detector.ts";
import type { ServedModel } from "./served-model.ts";

export interface ServiceSettings extends AppSettings {
  /**
   * Run folder, or a file that a run or an export wrote; the model that ships where it is left out. Of several, each with
   * workers of its own, requests choose one by its name, and the first answers those that name none.
   */
  readonly model?: string | readonly string[];
  readonly host?: string;
  /** Inference workers, and the threads of each. */
  readonly workers?: number;
  readonly threads?: number;
  readonly device?: ModelOptions["device"];
  readonly detector?: ModelOptions["detector"];
  /** The class prior that probabilities are shifted to where a request asks for none. Default: that of each model's file. */
  readonly prior?: ModelOptions["prior"];
  /** Faces in one batch, and milliseconds that a face waits for others. */
  readonly batchSize?: number;
  readonly batchDelay?: number;
  readonly limits?: Partial<Limits>;
  /** Requests per client and minute; 0 for any number. */
  readonly rate?: number;
  readonly token?: string;
  /** Origins whose pages may use the service. */
  readonly cors?: readonly string[];
  /** Milliseconds between two looks at the model's file. */
  readonly watchEvery?: number;
  /** What `/openapi.json` calls the version. Default: that of vultus. */
  readonly version?: string;
}

/** Images a worker: while one is in the model, another is decoded, and one more waits at the worker's door. */
export const TURNS = 3;

export const usualService = {
  port: 8080,
  workers: availableParallelism(),
  threads: 1,
  batchSize: 32,
  batchDelay: 2,
} as const;

/** A request that no network carries. */
export interface InjectedRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly url: string;
  readonly headers?: IncomingHttpHeaders;
  readonly payload?: string | Buffer | object;
  /** Address of the client. */
  readonly remoteAddress?: string;
}

export interface InjectedResponse {
  readonly statusCode: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
  /** The body's bytes. */
  readonly rawPayload: Buffer;
  /** The parsed body. */
  json<T = unknown>(): T;
}

/** The Fastify application, as far as callers may rely on it. */
export interface ServiceApp {
  readonly server: Server;
  /** Answers a request without a socket, as tests do. */
  inject(request: string | InjectedRequest): Promise<InjectedResponse>;
}

/** `await using` closes it. */
export interface Service extends AsyncDisposable {
  readonly app: ServiceApp;
  /** The model that answers requests that name none. */
  readonly models: Models;
  /** Every model that is served, the first one first. */
  readonly all: readonly Models[];
  readonly admission: Admission;
  /** Listens on the port (8080; 0 for any free one) and returns the address. @throws UsageError where the port is taken or not allowed. */
  listen(port?: number): Promise<string>;
  /** Takes no new request, finishes what was accepted, at most for `limits.timeout`, and ends. May be called again. */
  close(): Promise<void>;
}

/** Loads the model and makes the service, which does not listen yet. */
export async function createService(settings: ServiceSettings = {}): Promise<Service> {
  const { host = "127.0.0.1", cors = [], rate, token, version = ownVersion, trustProxy = [] } = settings;
  const limits = { ...usualLimits, ...settings.limits };
  const { workers, threads, batchSize, batchDelay } = { ...usualService, ...settings };
  let closing = false;

  const app = createApp(settings);
  const admission = createAdmission(limits, TURNS * workers);
  const metrics = createMetrics({
    accepted: () => admission.accepted,
    waiting: () => admission.waiting,
    heldBytes: () => admission.heldBytes,
  });
  const files = [settings.model ?? shippedModel()].flat().map(classifierPath);
  // Once for all workers: one that is replaced later must not need the hub.
  const chosen =
    settings.detector !== false &&
    (await chooseDetector(settings.detector, { onNote: (note) => app.log.warn(note) }));
  const detector = chosen ? await servedDetector(chosen, nameOfDetector(settings.detector || {})) : undefined;
  if (detector) {
    const { name, rotate } = detector.description;
    metrics.detector.set({ name, rotate }, 1);
  }
  const options: Parameters<typeof openModels>[1] = {
    workers,
    model: { threads, device: settings.device, detector: chosen, prior: settings.prior },
    batch: { most: batchSize, delay: batchDelay },
    watchEvery: settings.watchEvery ?? 1000,
    onBatch: (faces) => metrics.batches.observe(faces),
    onLost: (reason) => {
      metrics.workersLost.inc();
      app.log.error({ reason }, "a worker died and is replaced");
    },
    onReload: (reload) => {
      metrics.reloads.inc({ result: reload.result });
      if (reload.result === "failed")
        app.log.error(reload, "the model's file changed and does not work; the old model stays");
      else if (reload.result === "changed") {
        app.log.info(reload, "the model's file changed and is in use");
        showModels();
      }
    },
  };
  const models = await openAllModels(files, (file) => openModels(file, options));
  const inUse = (): ServedModel[] => models.all.map(({ current }) => current);
  const showModels = (): void => {
    metrics.model.reset();
    for (const { description } of inUse())
      metrics.model.set({ name: description.name, version: description.version }, 1);
  };
  showModels();

  onRequestEnd(app, ({ method, route, status, milliseconds, code }) => {
    metrics.requests.observe({ method, route, status }, milliseconds / 1000);
    if (code) metrics.problems.inc({ code });
  });
  app.server.on("clientError", (error) => {
    const problem = connectionProblem(error);
    if (problem) metrics.problems.inc({ code: problem.code });
  });
  if (isLoopback(host) && trustProxy.length === 0) requireLoopbackHost(app);
  allowOrigins(app, cors);
  // Behind the origins, whose pages may then read that they asked too often, and before the token.
  await limitRate(app, rate);
  if (token !== undefined) requireToken(app, token);
  app.addHook("onRequest", async ({ routeOptions }) => {
    if (closing && routeOptions.url?.startsWith("/v1/"))
      throw new Problem("shutting_down", "no new requests are taken", 1);
  });
  app.addHook("onSend", async (_, reply) => {
    // A connection that stayed open would keep the service from ending.
    if (closing) void reply.header("connection", "close");
  });
  const document = collectRoutes(app, { version, limits, token: token !== undefined });
  await app.register(predictRoute, { models, admission, limits, metrics });
  modelRoute(app, models, detector, limits);
  healthRoutes(app, () => closing);
  metricsRoute(app, metrics);
  docsRoutes(app, document);
  // Whoever has no token must not get the model itself either: the page then has the model that ships.
  await page(app, token === undefined ? { models: () => pageModelsOf(inUse(), detector) } : {});

  const end = async (): Promise<void> => {
    closing = true;
    const force = setTimeout(() => app.server.closeAllConnections(), limits.timeout);
    await app.close();
    clearTimeout(force);
    await models.close();
  };
  let ended: Promise<void> | undefined;
  const close = (): Promise<void> => (ended ??= end());
  return {
    app,
    models: models.named(undefined),
    all: models.all,
    admission,
    listen: (port = usualService.port) => listenOn(app, host, port),
    close,
    [asyncDispose]: close,
  };
}
