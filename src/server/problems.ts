/** All errors of the service: a stable code, an HTTP status and a meaning, sent as RFC 9457 problems. */

import { VultusError } from "../util/errors.ts";

/** All problem codes; `docs/how-to/serve.md` lists them, and a test compares both. */
export const problems = {
  bad_http: { status: 400, title: "This is not valid HTTP" },
  invalid_request: { status: 400, title: "The request does not match the documentation" },
  damaged_body: { status: 400, title: "The body ended early or is damaged" },
  unauthorized: { status: 401, title: "A bearer token is required" },
  origin_refused: { status: 403, title: "Pages of this origin may not use the service" },
  host_refused: { status: 403, title: "The service does not answer to this host name" },
  not_found: { status: 404, title: "There is nothing at this address" },
  request_timeout: { status: 408, title: "The request arrived too slowly" },
  other_review: { status: 409, title: "The server reviews other images than this page shows" },
  file_changed: { status: 409, title: "The file was changed by another program" },
  body_too_large: { status: 413, title: "The body is too large" },
  too_many_pictures: { status: 413, title: "The request contains too many images" },
  too_many_pixels: { status: 413, title: "The image has too many pixels" },
  unsupported_media_type: { status: 415, title: "This content type is not supported" },
  unreadable_picture: { status: 422, title: "The image cannot be read" },
  rate_limited: { status: 429, title: "Too many requests from this client" },
  header_too_large: { status: 431, title: "The request's headers are too large" },
  internal: { status: 500, title: "The service failed; this is a bug in vultus" },
  not_saved: { status: 500, title: "The decision could not be saved" },
  queue_full: { status: 503, title: "The service is busy" },
  worker_lost: { status: 503, title: "The worker for this request died twice" },
  timeout: { status: 503, title: "The response took too long" },
  shutting_down: { status: 503, title: "The service is shutting down" },
} as const satisfies Readonly<Record<string, { status: number; title: string }>>;

export type ProblemCode = keyof typeof problems;

/** A failed request; `detail` states what was wrong and what is valid. */
export class Problem extends VultusError {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter: number | undefined;

  constructor(code: ProblemCode, detail: string, retryAfter?: number) {
    super(detail);
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A problem as a response body (RFC 9457); `type` links to its meaning. */
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

/** Converts errors of fastify and Node to problems. Unexpected errors become `internal`, without details. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  if (code === "FST_ERR_CTP_BODY_TOO_LARGE")
    return new Problem("body_too_large", "the body is larger than allowed");
  if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE")
    return new Problem("unsupported_media_type", "the content type of the body is not supported here");
  if (code === "FST_ERR_BAD_URL") return new Problem("invalid_request", "the address is not valid");
  if (statusCode === 404) return new Problem("not_found", "there is nothing at this address");
  if (typeof statusCode === "number" && statusCode >= 400 && statusCode < 500)
    return new Problem("invalid_request", "the request is not valid");
  return new Problem("internal", "see the log for details");
}
