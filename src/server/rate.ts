/** Rate limiting per client. Requests that are rejected later also count, so that tokens cannot be guessed. */

import rateLimit from "@fastify/rate-limit";
import type { FastifyInstance } from "fastify";
import { Problem } from "./problems.ts";

/** Requests per client and minute. */
export const usualRate = 6000;

/**
 * Counts all requests that earlier hooks let through, whether or not a route exists. Routes with `rateLimit: false` are
 * exempt. A rate of 0 means no limit.
 */
export async function limitRate(app: FastifyInstance, rate = usualRate): Promise<void> {
  if (rate === 0) return;
  await app.register(rateLimit, {
    global: false,
    max: rate,
    timeWindow: "1 minute",
    allowList: ({ routeOptions }) => routeOptions.config.rateLimit === false,
    errorResponseBuilder: (_, { ttl }) =>
      new Problem("rate_limited", `more than ${rate} requests in a minute`, Math.ceil(ttl / 1000)),
  });
  app.addHook("onRequest", app.rateLimit());
}
