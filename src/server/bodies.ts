/**
 * Reads the images of a request: a single raw image, a multipart form, or base64 in JSON. Every byte is counted on
 * arrival.
 */

import type { IncomingMessage } from "node:http";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { counted } from "../util/counted.ts";
import { messageOf } from "../util/errors.ts";
import type { Admission } from "./admission.ts";
import type { Limits } from "./limits.ts";
import { Problem } from "./problems.ts";
import { checked, jsonBodySchema } from "./schemas.ts";

/** A request's images, and a function that releases their memory. */
export interface Body {
  readonly pictures: readonly Uint8Array[];
  release(): void;
}

type BodyLimits = Pick<Limits, "bodyBytes" | "pictures">;

/** Reads the body of a request. @throws Problem for an invalid body; nothing stays counted then */
export async function readBody(
  request: IncomingMessage,
  limits: BodyLimits,
  admission: Admission,
): Promise<Body> {
  let held = 0;
  const count = (bytes: number): void => {
    if (held + bytes > limits.bodyBytes) throw tooLarge(limits);
    admission.hold(bytes);
    held += bytes;
  };
  const release = (): void => admission.hold(-held);
  try {
    if (Number(request.headers["content-length"] ?? 0) > limits.bodyBytes) throw tooLarge(limits);
    return { pictures: await picturesOf(request, limits, chunksOf(request, count)), release };
  } catch (error) {
    release();
    // The rest of the body is read and discarded, so that the client can read the response.
    request.resume();
    throw error;
  }
}

type Chunks = AsyncIterable<Uint8Array>;

/** Content types for arbitrary bytes. Many clients send a file without any content type (RFC 9110, 8.3). */
const bytesTypes = ["", "application/octet-stream", "binary/octet-stream"];
const curlType = "application/x-www-form-urlencoded";

async function picturesOf(
  { headers }: IncomingMessage,
  limits: BodyLimits,
  chunks: Chunks,
): Promise<Uint8Array[]> {
  const [type = ""] = (headers["content-type"] ?? "").toLowerCase().split(";");
  const coding = headers["content-encoding"];
  if (coding !== undefined && coding !== "identity")
    throw new Problem(
      "unsupported_media_type",
      `the body has the content encoding ${coding}; send it unencoded`,
    );
  if (type.startsWith("image/") || bytesTypes.includes(type)) return [await whole(chunks)];
  if (type === "application/json") return fromJson(await whole(chunks), limits);
  if (type === "multipart/form-data") return fromMultipart(headers["content-type"] ?? "", chunks, limits);
  throw new Problem(
    "unsupported_media_type",
    `the content type is ${type}${type === curlType ? ", which is curl's default" : ""}; supported are image/*, application/octet-stream, multipart/form-data and application/json`,
  );
}

async function* chunksOf(request: IncomingMessage, count: (bytes: number) => void): Chunks {
  try {
    // By default the loop would destroy the connection on early exit, and with it the response.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      count((chunk as Uint8Array).length);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("damaged_body", "the connection closed before the end of the body");
  }
}

async function whole(chunks: Chunks): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
}

function fromJson(body: Uint8Array, limits: BodyLimits): Uint8Array[] {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    throw new Problem("damaged_body", `the body is not JSON: ${messageOf(error).slice(0, 100)}`);
  }
  const { pictures } = checked(jsonBodySchema, value, "body");
  if (pictures.length > limits.pictures) throw tooMany(limits);
  return pictures.map(fromBase64);
}

function fromBase64(text: string, index: number): Uint8Array {
  const digits = text
    .replace(/^data:[^,]{0,100};base64,/, "")
    .replace(/\s+/g, "")
    .replace(/={1,2}$/, "");
  const bytes = Buffer.from(digits, "base64");
  // Node skips invalid base64 digits, which makes the result too short.
  if (digits.length % 4 === 1 || bytes.length !== Math.floor((digits.length * 3) / 4))
    throw new Problem("invalid_request", `pictures.${index} is not base64`);
  return bytes;
}

async function fromMultipart(type: string, chunks: Chunks, limits: BodyLimits): Promise<Uint8Array[]> {
  const pictures: Uint8Array[][] = [];
  let problem: Problem | undefined;
  const damaged = (error: unknown): void => {
    problem ??= new Problem("damaged_body", `the multipart body is damaged: ${messageOf(error)}`);
  };
  const parser = multipartParser(type, limits);
  parser.on("file", (_, stream) => {
    const parts: Uint8Array[] = [];
    pictures.push(parts);
    stream.on("data", (part: Uint8Array) => parts.push(part));
    stream.on("error", damaged);
  });
  parser.on("field", (name) => {
    problem ??= new Problem(
      "invalid_request",
      `the part "${name.slice(0, 50)}" is text; every part must be an image file, and settings belong in the query string`,
    );
  });
  parser.on("filesLimit", () => (problem ??= tooMany(limits)));
  parser.on("partsLimit", () => (problem ??= tooMany(limits)));
  const finished = new Promise<void>((resolve) => {
    parser.on("finish", resolve);
    parser.on("error", (error) => resolve(damaged(error)));
  });
  for await (const chunk of chunks) {
    parser.write(chunk);
    if (problem) throw problem;
  }
  parser.end();
  await finished;
  if (problem) throw problem;
  if (pictures.length === 0) throw new Problem("invalid_request", "the body contains no image");
  return pictures.map((parts) => (parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)));
}

function multipartParser(type: string, { bodyBytes, pictures }: BodyLimits): BusboyInstance {
  try {
    return new Busboy({
      headers: { "content-type": type },
      // A non-file part is skipped; if it filled its buffer, the parser would wait forever.
      fileHwm: bodyBytes,
      limits: {
        fileSize: bodyBytes,
        files: pictures,
        parts: pictures + 1,
        fieldSize: 1000,
        headerPairs: 20,
        headerSize: 4000,
      },
      // A part without a file name also counts as an image if its content type is an image.
      isPartAFile: (_, partType, name) =>
        name !== undefined || (partType !== undefined && partType !== "text/plain"),
    });
  } catch (error) {
    throw new Problem("damaged_body", `the multipart body cannot be read: ${messageOf(error)}`);
  }
}

function tooLarge({ bodyBytes }: BodyLimits): Problem {
  return new Problem("body_too_large", `a body may have at most ${bodyBytes / 1e6} MB`);
}

function tooMany({ pictures }: BodyLimits): Problem {
  return new Problem("too_many_pictures", `a request may contain at most ${counted(pictures, "image")}`);
}
