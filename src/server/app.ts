/** The bare HTTP service: its limits, its headers, its log, and errors as problems. Routes are plugins on top. */

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
  /** Where log lines go; `false` for nowhere. */
  readonly log?: { write(line: string): void } | false;
  /** Addresses of proxies whose word on the client's address is taken. */
  readonly trustProxy?: readonly string[];
  /** Milliseconds within which a request's headers, and all of it, must have arrived. */
  readonly headersTimeout?: number;
  readonly requestTimeout?: number;
}

export const usualApp = {
  log: process.stderr,
  trustProxy: [],
  headersTimeout: 10_000,
  requestTimeout: 30_000,
} as const satisfies Required<AppSettings>;

/** Connections that are open at a time; more are dropped by Node before anything is read. */
const MOST_CONNECTIONS = 4096;
const MOST_HEADER_BYTES = 16_384;
/** Methods of our routes. */
const methods = ["GET", "HEAD", "POST"] as const;

/** Makes the service without any route. */
export function createApp(settings: AppSettings = {}): FastifyInstance {
  const { log, trustProxy, headersTimeout, requestTimeout } = { ...usualApp, ...settings };
  const app = fastify({
    http: {
      headersTimeout,
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
      maxHeaderSize: MOST_HEADER_BYTES,
      // Asked for below: Node alone would answer without a problem.
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
      app.log.info({ code: problem.code, detail: problem.message }, "a connection without a request");
      answerBare(problem, socket);
    },
    // Clients put addresses together from a base and a path, with a slash too many.
    routerOptions: { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true },
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  // An expectation that nobody knows may be passed over (RFC 9110); Node alone would answer 417, and without a problem.
  app.server.on("checkExpectation", (request, reply) => void app.server.emit("request", request, reply));
  app.decorateRequest("problem", undefined);
  app.decorateRequest("faces", undefined);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler(({ method, url }, reply) => {
    const path = url.replace(/[?#].*/s, "").replace(/(?<=.)\/+$/, "");
    const answered = methods.filter((other) => app.hasRoute({ method: other, url: path }));
    if (answered.length === 0)
      throw new Problem("not_found", `${method} is not answered here; /docs lists what is`);
    void reply.header("allow", answered.join(", "));
    throw new Problem("not_found", `${path} is asked with ${answered.join(" or ")}, not with ${method}`);
  });
  app.addHook("onRequest", async ({ raw }, reply) => {
    if (raw.headers.host === undefined && raw.httpVersion === "1.1")
      throw new Problem("bad_http", "the request names no host, as HTTP/1.1 wants");
    reply.headers({
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
    });
  });
  app.addHook("onSend", async (_, reply) => {
    // The page's files say themselves for how long they may be kept, some of them on Node's own object.
    if (!reply.raw.hasHeader("cache-control") && !reply.hasHeader("cache-control"))
      void reply.header("cache-control", "no-store");
  });
  onRequestEnd(app, (record) => app.log.info(record, "request"));
  return app;
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const problem = problemOf(error);
  request.problem = problem;
  if (problem.code === "internal") request.log.error({ err: error }, "a request failed");
  if (problem.retryAfter !== undefined) reply.header("retry-after", problem.retryAfter);
  const { status } = problems[problem.code];
  // The serializer of a route must not touch the body, hence text.
  void reply
    .code(status)
    .type(problemType)
    .send(JSON.stringify(problemBody(problem)));
}

/** What is no HTTP, or comes too slowly or with too long a head, never reaches a route; Node hands over the bare socket. */
function answerBare(problem: Problem, socket: Duplex): void {
  const body = JSON.stringify(problemBody(problem));
  const { status } = problems[problem.code];
  socket.end(
    `HTTP/1.1 ${status} Error\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** Why a connection brought no request, by the error that Node reports; nothing where the client only left. */
export function connectionProblem(error: Error): Problem | undefined {
  const { code, rawPacket } = error as { readonly code?: unknown; readonly rawPacket?: unknown };
  if (code === "ECONNRESET") return undefined;
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new Problem("request_timeout", "the whole request did not arrive in time");
  if (code === "HPE_HEADER_OVERFLOW")
    return new Problem("header_too_large", `headers may have ${MOST_HEADER_BYTES} bytes`);
  const start = rawPacket instanceof Uint8Array ? String.fromCharCode(...rawPacket.subarray(0, 14)) : "";
  const other = otherProtocols.find(([signature]) => start.startsWith(signature));
  return new Problem(
    "bad_http",
    other ? `the client speaks ${other[1]}` : "the bytes sent are no HTTP/1.1 request",
  );
}

/** What balancers, proxies and browsers speak where they are set up for another service, and what to set up instead. */
const otherProtocols = [
  ["\x16\x03", "TLS; the service speaks plain HTTP: use http://, or put a proxy before it that ends TLS"],
  ["PRI * HTTP/2", "HTTP/2; the service speaks HTTP/1.1: set the proxy to that"],
  ["PROXY ", "the PROXY protocol: switch it off, and name the proxy with --trust-proxy"],
  ["\r\n\r\n\0\r\nQUIT\n", "the PROXY protocol: switch it off, and name the proxy with --trust-proxy"],
] as const;
