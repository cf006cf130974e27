/** The service's log: JSON lines on stderr that name routes, codes and times, and never an address, a header or a picture. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Lines are written to `stream`; `false` writes none. */
export function loggerOf(stream: { write(line: string): void } | false): object | false {
  if (!stream) return false;
  return {
    level: "info",
    stream,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    // Fastify would write the client's address and the whole address line.
    serializers: { req: () => undefined, res: () => undefined },
  };
}

/** One line a request, when it is over. `route` is the pattern and not what the client wrote. */
export function logRequests(app: FastifyInstance): void {
  app.addHook("onResponse", async (request, reply) => {
    request.log.info(lineOf(request, reply, reply.statusCode), "request");
  });
  app.addHook("onRequestAbort", async (request) => {
    request.log.info({ ...routeOf(request), status: 499 }, "the client left");
  });
}

function lineOf(request: FastifyRequest, reply: FastifyReply, status: number): object {
  const { problem } = request;
  return {
    ...routeOf(request),
    status,
    milliseconds: Math.round(reply.elapsedTime * 10) / 10,
    ...(problem ? { code: problem.code } : {}),
  };
}

function routeOf({ method, routeOptions }: FastifyRequest): object {
  return { method, route: routeOptions.url ?? "none" };
}
