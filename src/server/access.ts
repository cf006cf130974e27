/** Access control: bearer tokens, allowed origins, and host names on the loopback interface. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { Problem } from "./problems.ts";

/**
 * Returns whether a route needs no token: the page and its files, the documentation, and the probes. It checks the
 * matched route, not the client's URL, which may spell the same path differently.
 */
function isOpen({ url = "" }: { readonly url?: string | undefined }): boolean {
  return !url.startsWith("/v1/") && url !== "/metrics";
}

/** Requires `Authorization: Bearer <token>` at `/v1/…` and `/metrics`. */
export function requireToken(app: FastifyInstance, token: string): void {
  const wanted = digest(token);
  app.addHook("onRequest", async ({ routeOptions, headers, method }, reply) => {
    // A browser's CORS preflight carries no token.
    if (isOpen(routeOptions) || method === "OPTIONS") return;
    const given = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    // Digests have equal length, and comparing them in constant time leaks nothing about the token.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return;
    void reply.header("www-authenticate", "Bearer");
    throw new Problem(
      "unauthorized",
      given === undefined ? "send the token in the header Authorization: Bearer" : "the token is wrong",
    );
  });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/**
 * Returns whether a browser or an app may send this as `Origin`: `https://a.example`, `capacitor://localhost`,
 * `file://`.
 */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host } = new URL(text);
  return text === `${protocol}//${host}` && (host !== "" || protocol === "file:");
}

/**
 * Allows pages of the listed origins to read responses, and rejects those of all other origins. Otherwise any page that
 * a person opens could keep the service busy. Requests without `Origin`, as programs send them, do not come from a
 * page.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook("onRequest", async ({ headers, host, method }, reply) => {
    const { origin } = headers;
    if (origin === undefined || sameHost(origin, host)) return;
    if (!origins.includes(origin)) throw new Problem("origin_refused", "this origin is not listed in --cors");
    void reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "retry-after",
      "cross-origin-resource-policy": "cross-origin",
      vary: "origin",
    });
    if (method !== "OPTIONS") return;
    // A page on the web asks for permission before it uses a service in the user's private network.
    const isPrivate = headers["access-control-request-private-network"] === "true";
    return reply
      .headers({
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "authorization, content-type",
        "access-control-max-age": "600",
        ...(isPrivate && { "access-control-allow-private-network": "true" }),
      })
      .code(204)
      .send();
  });
}

function sameHost(origin: string, host: string): boolean {
  return /^https?:/.test(origin) && URL.canParse(origin) && new URL(origin).host === host;
}

/**
 * On the loopback interface, accepts only loopback host names. Otherwise a page whose own host name was rebound to
 * 127.0.0.1 would count as the service's own page.
 */
export function requireLoopbackHost(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ hostname, raw }) => {
    // Every browser sends the host; a load balancer's HTTP/1.0 probe does not.
    if (raw.headers.host !== undefined && !isLoopback(hostname))
      throw new Problem(
        "host_refused",
        "the service listens on this machine only; use the host name localhost",
      );
  });
}

/** Returns whether a host name or address is this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(([^.]+\.)*localhost\.?|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
