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
import { Problem, type ProblemCode, problemBody, problemOf, problems, problemType } from "./problems.ts";

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
    clientErrorHandler: answerBadHttp,
  });
  app.server.maxConnections = MOST_CONNECTIONS;
  // An expectation that nobody knows may be passed over (RFC 9110); Node alone would answer 417, and without a problem.
  app.server.on("checkExpectation", (request, reply) => void app.server.emit("request", request, reply));
  app.decorateRequest("problem", undefined);
  app.decorateRequest("faces", undefined);
  app.setErrorHandler(sendProblem);
  app.setNotFoundHandler((request) => {
    throw new Problem("not_found", `${request.method} is not answered here; /docs lists what is`);
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
function answerBadHttp(error: Error & { code?: string }, socket: Duplex): void {
  if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
  const { message, code } = badHttp(error.code);
  const body = JSON.stringify(problemBody(new Problem(code, message)));
  const { status } = problems[code];
  socket.end(
    `HTTP/1.1 ${status} Error\r\nContent-Type: ${problemType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

function badHttp(code: string | undefined): { readonly code: ProblemCode; readonly message: string } {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return { code: "request_timeout", message: "the whole request did not arrive in time" };
  if (code === "HPE_HEADER_OVERFLOW")
    return { code: "header_too_large", message: `headers may have ${MOST_HEADER_BYTES} bytes` };
  return { code: "bad_http", message: "the bytes sent are no HTTP/1.1 request" };
}
