/** The service's log: JSON lines with routes, codes and times, but never an address, a header or an image. */

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Problem } from "./problems.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Why this request failed. */
    problem: Problem | undefined;
    /** Number of faces in the response to this request. */
    faces: number | undefined;
  }
}

/** The log record of a finished request. */
export interface RequestRecord {
  readonly method: string;
  /** The route's pattern, not the URL that the client requested. */
  readonly route: string;
  /** 499 if the client disconnected before the response. */
  readonly status: number;
  readonly milliseconds: number;
  readonly code?: string;
  readonly faces?: number;
}

/** Returns the settings of fastify's logger. Lines are written to `stream`; `false` writes none. */
export function loggerOf(stream: { write(line: string): void } | false): object | false {
  if (!stream) return false;
  return {
    level: "info",
    stream,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // By default Fastify would log the client's address and the whole request.
    serializers: { req: () => undefined, res: () => undefined },
  };
}

/** Calls `tell` once per finished request. */
export function onRequestEnd(app: FastifyInstance, tell: (record: RequestRecord) => void): void {
  app.addHook("onRequest", (request, reply, done) => {
    const { raw } = reply;
    raw.once("close", () =>
      tell(recordOf(request, raw.writableFinished ? raw.statusCode : 499, reply.elapsedTime)),
    );
    done();
  });
}

function recordOf(request: FastifyRequest, status: number, elapsed: number): RequestRecord {
  const { method, routeOptions, problem, faces } = request;
  return {
    method,
    route: routeOptions.url ?? "none",
    status,
    milliseconds: Math.round(elapsed * 10) / 10,
    ...(problem ? { code: problem.code } : {}),
    ...(faces === undefined ? {} : { faces }),
  };
}
