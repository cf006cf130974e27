/** Who may use the service: bearer tokens, pages of other origins, and host names on the loopback. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { Problem } from "./problems.ts";

/**
 * Whether a route is open to whoever can connect: the page and its files, the documentation, and the probes. It is the route
 * that counts and not what the client wrote, which may be the same path in other characters.
 */
function isOpen({ url = "" }: { readonly url?: string | undefined }): boolean {
  return !url.startsWith("/v1/") && url !== "/metrics";
}

/** Asks for `Authorization: Bearer <token>` at `/v1/…` and `/metrics`. */
export function requireToken(app: FastifyInstance, token: string): void {
  const wanted = digest(token);
  app.addHook("onRequest", async ({ routeOptions, headers, method }, reply) => {
    // A browser asks for permission without the token.
    if (isOpen(routeOptions) || method === "OPTIONS") return;
    const given = /^bearer +(\S+)$/i.exec(headers.authorization ?? "")?.[1];
    // Digests have one length, and comparing them tells nothing of how much was right.
    if (given !== undefined && timingSafeEqual(digest(given), wanted)) return;
    void reply.header("www-authenticate", "Bearer");
    throw new Problem(
      "unauthorized",
      given === undefined ? "send the token as Authorization: Bearer" : "the token is wrong",
    );
  });
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Whether a browser or an app may send it as `Origin`: `https://a.example`, `capacitor://localhost`, `file://`. */
export function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, host } = new URL(text);
  return text === `${protocol}//${host}` && (host !== "" || protocol === "file:");
}

/**
 * Lets pages of the listed origins read answers, and refuses those of all others: without that, any page that a person opens
 * could keep the service busy. What sends no `Origin`, as programs do, is no page.
 */
export function allowOrigins(app: FastifyInstance, origins: readonly string[]): void {
  app.addHook("onRequest", async ({ headers, host, method }, reply) => {
    const { origin } = headers;
    if (origin === undefined || sameHost(origin, host)) return;
    if (!origins.includes(origin))
      throw new Problem("origin_refused", "pages of this origin are not listed with --cors");
    void reply.headers({
      "access-control-allow-origin": origin,
      "access-control-expose-headers": "retry-after",
      "cross-origin-resource-policy": "cross-origin",
      vary: "origin",
    });
    if (method !== "OPTIONS") return;
    // A page of the web asks before it uses a service of the person's own network.
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
 * On the loopback, answers to loopback names only. A page whose own name was made to mean 127.0.0.1 would otherwise count
 * as the service's own page.
 */
export function requireLoopbackHost(app: FastifyInstance): void {
  app.addHook("onRequest", async ({ hostname, raw }) => {
    // Every browser names the host; a balancer's probe in HTTP/1.0 does not.
    if (raw.headers.host !== undefined && !isLoopback(hostname))
      throw new Problem("host_refused", "the service listens on this machine only; ask for localhost");
  });
}

/** Whether a host's name or address is this machine itself. */
export function isLoopback(host: string): boolean {
  return /^(([^.]+\.)*localhost\.?|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}
