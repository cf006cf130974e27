/** The bare HTTP service: limits, headers, log, and errors as problems. Routes are plugins on top of it. */

import type { Duplex } from "node:stream";
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from "fastify";
import { loggerOf, onRequestEnd } from "./log.ts";
import { Problem, problemBody, problemOf, problems, problemType } from "./problems.ts";

export interface AppSettings {
  /** Destination of log lines; `false` turns the log off. */
  readonly log?: { write(line: string): void } | false;
  /** Addresses of proxies that are trusted to report the client's address. */
  readonly trustProxy?: readonly string[];
  /** Time limits in milliseconds for receiving a request's headers, and the whole request. */
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
}

export const usualApp = {
  log: process.stderr,
  trustProxy: [],
  headersTimeout: 10_000,
  requestTimeout: 30_000,
} as const satisfies Required<AppSettings>;

/** Maximum number of open connections; Node drops further ones before it reads anything. */
const MOST_CONNECTIONS = 4096;
const MOST_HEADER_BYTES = 16_384;
/** HTTP methods of all routes. */
const methods = ["GET", "HEAD", "POST"] as const;

/** Creates the service without routes. */
export function createApp(settings: AppSettings = {}): FastifyInstance {
  const { log, trustProxy, headersTimeout, requestTimeout } = { ...usualApp, ...settings };
  const app = fastify({
    http: {
      headersTimeout,
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
      maxHeaderSize: MOST_HEADER_BYTES,
      // Checked below, because Node's own response would not be a problem document.
      requireHostHeader: false,
    },
    requestTimeout,
    logger: loggerOf(log),
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: [...trustProxy],
    forceCloseConnections: "idle",
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
    clientErrorHandler: (error, socket) => {
      const problem = connectionProblem(error);
      if (!problem || !socket.writable) return void socket.destroy();
      app.log.info({ code: problem.code, detail: problem.message }, "connection closed without a request");
      answerBare(problem, socket);
    },
    // Clients often join a base URL and a path with an extra slash.
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  // Unknown expectations may be ignored (RFC 9110); Node alone would respond with 417, without a problem document.
  app.server.on("checkExpectation", (request, reply) => void app.server.emit("request", request, reply));
  app.decorateRequest("problem", undefined);
  app.decorateRequest("faces", undefined);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = url.replace(/[?#].*/s, "").replace(/(?<=.)\/+$/, "");
    const answered = methods.filter((other) => app.hasRoute({ method: other, url: path }));
    if (answered.length === 0)
      throw new Problem("not_found", `no route for ${method} here; /docs lists the routes`);
    void reply.header("allow", answered.join(", "));
    throw new Problem("not_found", `${path} accepts ${answered.join(" or ")}, not ${method}`);
  });
  app.addHook("onRequest", async ({ raw }, reply) => {
    if (raw.headers.host === undefined && raw.httpVersion === "1.1")
      throw new Problem("bad_http", "the request has no Host header, which HTTP/1.1 requires");
    reply.headers({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
  });
  app.addHook("onSend", async (_, reply) => {
    // The page's files set their own cache headers, some of them on Node's raw response.
    if (!reply.raw.hasHeader("cache-control") && !reply.hasHeader("cache-control"))
      void reply.header("cache-control", "no-store");
  });
  onRequestEnd(app, (record) => app.log.info(record, "request"));
  return app;
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  request.problem = problem;
  if (problem.code === "internal") request.log.error({ err: error }, "request failed");
  if (problem.retryAfter !== undefined) reply.header("retry-after", problem.retryAfter);
  const { status } = problems[problem.code];
  // Sent as text, because a route's serializer must not change the body.
  void reply
    .code(status)
    .type(problemType)
    .send(JSON.stringify(problemBody(problem)));
}

/** Invalid HTTP, slow requests and oversized headers never reach a route; Node hands over the raw socket. */
function answerBare(problem: Problem, socket: Duplex): void {
  const body = JSON.stringify(problemBody(problem));
  const { status } = problems[problem.code];
  socket.end(
    `HTTP/1.1 ${status} Error\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Returns the problem behind a connection error that Node reports; undefined if the client simply disconnected. */
export function connectionProblem(error: Error): Problem | undefined {
  const { code, rawPacket } = error as { readonly code?: unknown; readonly rawPacket?: unknown };
  if (code === "ECONNRESET") return undefined;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new Problem("request_timeout", "the whole request did not arrive in time");
  if (code === "HPE_HEADER_OVERFLOW")
    return new Problem("header_too_large", `headers may have at most ${MOST_HEADER_BYTES} bytes`);
  const start = rawPacket instanceof Uint8Array ? String.fromCharCode(...rawPacket.subarray(0, 14)) : "";
  const other = otherProtocols.find(([signature]) => start.startsWith(signature));
  return new Problem(
    "bad_http",
    other ? `the client speaks ${other[1]}` : "the bytes sent are not an HTTP/1.1 request",
  );
}

/** Other protocols that misconfigured load balancers, proxies and browsers speak, and how to fix the configuration. */
const otherProtocols = [
  [
    "\x16\x03",
    "TLS; the service speaks plain HTTP: use http://, or put a proxy that terminates TLS in front of it",
  ],
  ["PRI * HTTP/2", "HTTP/2; the service speaks HTTP/1.1: configure the proxy for HTTP/1.1"],
  ["PROXY ", "the PROXY protocol: turn it off, and name the proxy with --trust-proxy"],
  ["\r\n\r\n\0\r\nQUIT\n", "the PROXY protocol: turn it off, and name the proxy with --trust-proxy"],
] as const;
