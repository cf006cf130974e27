/** Every way in which the service says no: a stable code, its HTTP status and its meaning, sent as RFC 9457 problems. */

import { VultusError } from "../util/errors.ts";

/** All codes that an answer can carry; `docs/how-to/serve.md` lists them, and a test compares the two. */
export const problems = {
  bad_http: { status: 400, title: "This is not valid HTTP" },
  invalid_request: { status: 400, title: "The request does not have the form that is documented" },
  damaged_body: { status: 400, title: "The body ended early or is damaged" },
  unauthorized: { status: 401, title: "A bearer token is needed" },
  origin_refused: { status: 403, title: "Pages of this origin may not use the service" },
  host_refused: { status: 403, title: "The service does not answer to this host name" },
  not_found: { status: 404, title: "There is nothing at this address" },
  request_timeout: { status: 408, title: "The request arrived too slowly" },
  file_changed: { status: 409, title: "The file was changed by another program" },
  body_too_large: { status: 413, title: "The body is too large" },
  too_many_pictures: { status: 413, title: "The request holds too many images" },
  too_many_pixels: { status: 413, title: "The image has too many pixels" },
  unsupported_media_type: { status: 415, title: "This content type is not read" },
  unreadable_picture: { status: 422, title: "The image cannot be read" },
  rate_limited: { status: 429, title: "Too many requests from this client" },
  header_too_large: { status: 431, title: "The request's headers are too large" },
  internal: { status: 500, title: "The service failed; this is a fault of vultus" },
  not_saved: { status: 500, title: "The decision could not be saved" },
  queue_full: { status: 503, title: "The service is busy" },
  worker_lost: { status: 503, title: "The worker that held this request died, twice" },
  timeout: { status: 503, title: "The answer took too long" },
  shutting_down: { status: 503, title: "The service is shutting down" },
} as const satisfies Readonly<Record<string, { status: number; title: string }>>;

export type ProblemCode = keyof typeof problems;

/** A request that gets no result; `detail` says what was found and what is valid. */
export class Problem extends VultusError {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  /** Seconds after which trying again makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: ProblemCode, detail: string, retryAfter?: number) {
    super(detail);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A problem as the body of an answer (RFC 9457); `type` leads to its meaning. */
export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode;
  readonly detail: string;
}

export function problemBody({ code, message }: Problem): ProblemBody {
  const { status, title } = problems[code];
  return { type: `/docs#${code}`, title, status, code, detail: message };
}

/** The media type of `ProblemBody`. */
export const problemType = "application/problem+json";

/** What fastify and Node raise themselves, in our words; what nobody foresaw is `internal` and tells nothing. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new Problem("body_too_large", "the body has more bytes than are allowed");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE")
    return new Problem("unsupported_media_type", "the content type of the body is not read here");
  if (code === "FST_ERR_BAD_URL") return new Problem("invalid_request", "the address is not valid");
  if (statusCode === 404) return new Problem("not_found", "there is nothing at this address");
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new Problem("invalid_request", "the request is not valid");
  return new Problem("internal", "the log says more");
}
