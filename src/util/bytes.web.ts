/** The bytes of a model, from any source that a page may have. */

import { messageOf, VultusError } from "./errors.ts";

/** The source of a model's bytes: a URL, a file that the user chose, or the bytes themselves. */
export type ModelSource = string | URL | Blob | Uint8Array;

/** Returns the bytes of a model. @throws VultusError if they cannot be fetched. */
export async function fetchBytes(source: ModelSource): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof Blob) return new Uint8Array(await source.arrayBuffer());
  let response: Response;
  try {
    response = await fetch(source);
  } catch (error) {
    throw new VultusError(`${nameOf(source)} cannot be fetched: ${messageOf(error)}`);
  }
  if (!response.ok) throw new VultusError(`${nameOf(source)}: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Returns the name of a model for error messages. */
export function nameOf(source: ModelSource): string {
  if (source instanceof File) return source.name;
  if (typeof source === "string" || source instanceof URL) return String(source);
  return "the model";
}
