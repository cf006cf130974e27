/** The whole service: model, queue, routes and page, started and stopped together. */

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
   * A run folder, or a file written by a run or an export. Default: the model that ships. Each of several models has
   * its own workers; requests choose one by name, and the first answers requests without a name.
   */
  readonly model?: string | readonly string[];
  readonly host?: string;
  /** Number of inference workers, and threads per worker. */
  readonly workers?: number;
  readonly threads?: number;
  readonly device?: ModelOptions["device"];
  readonly detector?: ModelOptions["detector"];
  /** The class prior for requests that specify none. Default: the prior in each model's file. */
  readonly prior?: ModelOptions["prior"];
  /** Maximum faces per batch, and milliseconds that a face waits for others. */
  readonly batchSize?: number;
  readonly batchDelay?: number;
  readonly limits?: Partial<Limits>;
  /** Requests per client and minute; 0 means no limit. */
  readonly rate?: number;
  readonly token?: string;
  /** Origins whose pages may use the service. */
  readonly cors?: readonly string[];
  /** Milliseconds between checks of the model's file. */
  readonly watchEvery?: number;
  /** The version in `/openapi.json`. Default: the version of vultus. */
  readonly version?: string;
}

/** Images in progress per worker: while the model processes one, another is decoded and one more is ready. */
export const TURNS = 3;

export const usualService = {
  port: 8080,
  workers: availableParallelism(),
  threads: 1,
  batchSize: 32,
  batchDelay: 2,
} as const;

/** A request that is injected without a network. */
export interface InjectedRequest {
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  readonly url: string;
  readonly headers?: IncomingHttpHeaders;
  readonly payload?: string | Buffer | object;
  /** The client's address. */
  readonly remoteAddress?: string;
}

export interface InjectedResponse {
  readonly statusCode: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
  /** The bytes of the body. */
  readonly rawPayload: Buffer;
  /** Returns the parsed body. */
  json<T = unknown>(): T;
}

/** The part of the Fastify application that callers may use. */
export interface ServiceApp {
  readonly server: Server;
  /** Answers a request without a socket, for tests. */
  inject(request: string | InjectedRequest): Promise<InjectedResponse>;
}

/** `await using` closes it. */
export interface Service extends AsyncDisposable {
  readonly app: ServiceApp;
  /** The model for requests without a model name. */
  readonly models: Models;
  /** All served models, in order. */
  readonly all: readonly Models[];
  readonly admission: Admission;
  /**
   * Listens on the port (8080; 0 for any free one) and returns the address. @throws UsageError if the port is taken or
   * not allowed
   */
  listen(port?: number): Promise<string>;
  /**
   * Stops accepting requests, finishes the accepted ones within `limits.timeout`, and ends. May be called more than
   * once.
   */
  close(): Promise<void>;
}

/** Loads the model and creates the service, which does not listen yet. */
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
  // Resolved once for all workers: replacing a worker later must not need the hub.
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
      app.log.error({ reason }, "worker died; replacing it");
    },
    onReload: (reload) => {
      metrics.reloads.inc({ result: reload.result });
      if (reload.result === "failed")
        app.log.error(reload, "model file changed but does not work; keeping the old model");
      else if (reload.result === "changed") {
        app.log.info(reload, "model file changed; the new model is in use");
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
  // After the origin check, so that allowed pages can read rejections, and before the token check.
  await limitRate(app, rate);
  if (token !== undefined) requireToken(app, token);
  app.addHook("onRequest", async ({ routeOptions }) => {
    if (closing && routeOptions.url?.startsWith("/v1/"))
      throw new Problem("shutting_down", "the service accepts no new requests", 1);
  });
  app.addHook("onSend", async (_, reply) => {
    // An open keep-alive connection would prevent the service from ending.
    if (closing) void reply.header("connection", "close");
  });
  const document = collectRoutes(app, { version, limits, token: token !== undefined });
  await app.register(predictRoute, { models, admission, limits, metrics });
  modelRoute(app, models, detector, limits);
  healthRoutes(app, () => closing);
  metricsRoute(app, metrics);
  docsRoutes(app, document);
  // Clients without the token must not get the model itself; the page then has the model that ships.
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
