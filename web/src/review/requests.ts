/** Requests to the server of the review, and the addresses of its images. */

import type { ProblemBody } from "../../../src/server/problems.ts";
import type { ReviewState } from "../../../src/server/review/protocol.ts";

/** The server responded with a refusal: its reason is the message. */
export class Refused extends Error {
  /** The problem's code, if it has one. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** Milliseconds after which the connection counts as lost, for requests that the server can answer at once. */
const PATIENCE = 30_000;

/** @throws Refused with the server's reason; any other error means that there was no response. */
export async function ask(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (!response.ok) throw await refusalIn(response);
  return response;
}

export async function askJson<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

export function post<T>(path: string, body: unknown): Promise<T> {
  return askJson(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  });
}

/** What the server reviews now; undefined if there is no response. */
export async function askState(): Promise<ReviewState | undefined> {
  try {
    return await askJson(address("state"), { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch {
    return undefined;
  }
}

/** The address of a resource of the review named `id`, for images with these numbers. */
export function address(what: string, id?: string, query: Readonly<Record<string, string>> = {}): string {
  const parts = new URLSearchParams({ ...query, ...(id === undefined ? {} : { review: id }) });
  return `v1/review${what === "" ? "" : `/${what}`}${parts.size === 0 ? "" : `?${parts}`}`;
}

/** Only a few sizes are requested, so that server and browser can cache the results. */
export const THUMBNAIL = 160;
export const LARGE = 768;

export function imageAddress({ id }: ReviewState, image: number, side: number): string {
  return address(`images/${image}`, id, { side: String(side) });
}

export function heatAddress({ id }: ReviewState, image: number): string {
  return address(`images/${image}/heat`, id);
}

async function refusalIn(response: Response): Promise<Refused> {
  try {
    const { detail, title, code } = (await response.json()) as Partial<ProblemBody>;
    if (detail ?? title) return new Refused((detail ?? title) as string, code);
  } catch {
    // Intermediaries between the page and the server respond in other formats.
  }
  return new Refused(`the server answered ${response.status} ${response.statusText}`.trimEnd());
}
