/** Requests to the server of the review, and the addresses of its images. */

/** The server answered, but refused: its reason is the message. */
export class Refused extends Error {}

/** Milliseconds after which the connection counts as lost, for what the server can do at once. */
const PATIENCE = 30_000;

/** @throws Refused with the server's reason; anything else means that there was no answer. */
export async function ask(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(path, init);
  if (!response.ok) throw new Refused(await reasonOf(response));
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

/** Whether anybody answers where the page came from. */
export async function answers(): Promise<boolean> {
  try {
    await fetch("./", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
    return true;
  } catch {
    return false;
  }
}

/** The sides that are asked for are few, so that server and browser can keep what they made. */
export const THUMBNAIL = 160;
export const LARGE = 768;

export function imageAddress(image: number, side: number): string {
  return `v1/review/images/${image}?side=${side}`;
}

export function heatAddress(image: number): string {
  return `v1/review/images/${image}/heat`;
}

async function reasonOf(response: Response): Promise<string> {
  try {
    const { detail, title } = (await response.json()) as { detail?: string; title?: string };
    if (detail ?? title) return (detail ?? title) as string;
  } catch {
    // What stands between the page and the server answers in other forms.
  }
  return `the server answered ${response.status} ${response.statusText}`.trimEnd();
}
