/** Requests to the hub: redirects, the meaning of refusals, and retries if they can help. */

import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, VultusError } from "../util/errors.ts";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Timeouts and retries. */
export interface Patience {
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly stall: number;
  /** Consecutive attempts without progress before giving up. */
  readonly tries: number;
  /** Milliseconds before the second try; doubled before each further one. */
  readonly backoff: number;
}

export const usualPatience: Patience = { stall: 20_000, tries: 5, backoff: 1000 };

/** Nobody wants to wait longer than this for one try; the hub counts requests over five minutes. */
const LONGEST_WAIT = 300_000;

const meanings: Readonly<Record<number, string>> = {
  401: "the repository does not exist, or it is private and HF_TOKEN is missing or wrong",
  403: "access is not granted; accept the terms on the repository's page and set HF_TOKEN",
  404: "there is no such repository, revision or file",
  416: "its file is shorter than the hub states",
  429: "too many requests; with HF_TOKEN the limit is higher",
};

/** An answer without a file. */
export class Refusal extends VultusError {
  readonly status: number;
  /** Milliseconds after which the hub allows another request. */
  readonly wait: number | undefined;

  constructor(response: Response, url: string) {
    const { status, headers } = response;
    const meaning = headers.get("x-error-message") ?? meanings[status] ?? "";
    super(`${new URL(url).host} answers with status ${status}${meaning && `: ${meaning}`}`);
    this.status = status;
    this.wait = waitOf(headers);
  }

  /** Whether the error is the hub's and may be temporary. */
  get passing(): boolean {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** `Retry-After` in seconds or as a date, or the hub's own `RateLimit: "resolvers";r=0;t=55`. */
function waitOf(headers: Headers): number | undefined {
  const after = headers.get("retry-after") ?? /\bt=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  if (after == null) return undefined;
  const ms = /^\d+$/.test(after) ? Number(after) * 1000 : Date.parse(after) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

export interface RequestOptions {
  readonly method: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly token?: string | undefined;
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
  /** A redirect that carries this header is not followed. */
  readonly until?: string;
}

/** Follows redirects; returns all answers, the last one last. The token goes to the first address's host only. */
export async function request(url: string, options: RequestOptions): Promise<readonly Response[]> {
  const { method, token, fetch, signal, until } = options;
  const { origin } = new URL(url);
  const earlier: Response[] = [];
  for (let at = new URL(url); earlier.length < 10; ) {
    const headers = {
      // The stated size must be the size of the uncompressed file.
      "accept-encoding": "identity",
      "user-agent": "vultus",
      ...(token && at.origin === origin ? { authorization: `Bearer ${token}` } : {}),
      ...options.headers,
    };
    const response = await fetch(at.href, { method, headers, signal, redirect: "manual" });
    const location = response.headers.get("location");
    const redirects = response.status >= 300 && response.status < 400 && location;
    if (redirects && !(until && response.headers.has(until))) {
      await response.body?.cancel();
      earlier.push(response);
      at = new URL(location, at);
    } else if (redirects || response.ok) {
      return [...earlier, response];
    } else {
      await response.body?.cancel();
      throw new Refusal(response, at.href);
    }
  }
  throw new VultusError(`${url} is redirected too many times`);
}

/** Aborts a request if no data arrives for a time, unless `alive` reports progress. */
export function watchdog(stall: number, signal: AbortSignal | undefined) {
  const dead = new AbortController();
  const timer = setTimeout(() => dead.abort(new Error(`nothing arrived for ${stall / 1000} s`)), stall);
  return {
    signal: signal ? AbortSignal.any([signal, dead.signal]) : dead.signal,
    alive: (): void => void timer.refresh(),
    stop: (): void => {
      clearTimeout(timer);
      dead.abort();
    },
  };
}

export interface PersistOptions {
  readonly patience: Patience;
  readonly signal?: AbortSignal | undefined;
  /** A number that grows with progress: whenever it grows, the count of attempts restarts. */
  readonly progress?: () => number;
  /** Called before each pause. */
  readonly onWait?: (text: string) => void;
}

/** Runs `work` until it succeeds, retrying is pointless, or `patience` is used up. */
export async function persist<T>(work: () => Promise<T>, options: PersistOptions): Promise<T> {
  const { patience, signal, progress = () => 0, onWait } = options;
  for (let failures = 0; ; ) {
    const before = progress();
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      failures = progress() > before ? 1 : failures + 1;
      const lasting = error instanceof VultusError && !(error instanceof Refusal && error.passing);
      const asked = error instanceof Refusal ? error.wait : undefined;
      const wait = asked ?? patience.backoff * 2 ** (failures - 1);
      if (lasting || failures >= patience.tries || wait > LONGEST_WAIT) throw error;
      onWait?.(`${reasonOf(error)}; trying again in ${Math.ceil(wait / 1000)} s`);
      await sleep(wait, undefined, { signal });
    }
  }
}

/** Returns an error's message. fetch hides the reason in `cause`; for a refused connection, that has a code but no message. */
export function reasonOf(error: unknown): string {
  if (error instanceof VultusError) return error.message;
  const cause = error instanceof Error && error.cause ? error.cause : error;
  return messageOf(cause) || (cause as NodeJS.ErrnoException).code || "the reason is unknown";
}
