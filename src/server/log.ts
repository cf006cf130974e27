/** The service's log: JSON lines that name routes, codes and times, and never an address, a header or an image. */

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Problem } from "./problems.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Why this request got no result. */
    problem: Problem | undefined;
    /** Faces in the answer to this request. */
    faces: number | undefined;
  }
}

/** What is told of a request when it is over. */
export interface RequestRecord {
  readonly method: string;
  /** The pattern of the route, and not what the client wrote. */
  readonly route: string;
  /** 499 where the client left before it was answered. */
  readonly status: number;
  readonly milliseconds: number;
  readonly code?: string;
  readonly faces?: number;
}

/** Settings of fastify's logger. Lines are written to `stream`; `false` writes none. */
export function loggerOf(stream: { write(line: string): void } | false): object | false {
  if (!stream) return false;
  return {
    level: "info",
    stream,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // Fastify would write the client's address and all of the request's.
    serializers: { req: () => undefined, res: () => undefined },
  };
}

/** Tells of each request once, when it is over. */
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
