/** The images of a request: one as it is, many as multipart, or as base64 in JSON. Every byte is counted as it arrives. */

import type { IncomingMessage } from "node:http";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { counted } from "../util/counted.ts";
import { messageOf } from "../util/errors.ts";
import type { Admission } from "./admission.ts";
import type { Limits } from "./limits.ts";
import { Problem } from "./problems.ts";
import { checked, jsonBodySchema } from "./schemas.ts";

/** A request's images, and what gives the memory of them back. */
export interface Body {
  readonly pictures: readonly Uint8Array[];
  release(): void;
}

type BodyLimits = Pick<Limits, "bodyBytes" | "pictures">;

/** Reads the body of a request. @throws Problem for anything that is not as documented; nothing stays counted then. */
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
    // What is left of the body is read and dropped, so that the client gets to read the answer.
    request.resume();
    throw error;
  }
}

type Chunks = AsyncIterable<Uint8Array>;

/** What programs call bytes of any kind; many send a file without any content type (RFC 9110, 8.3). */
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
    throw new Problem("unsupported_media_type", `the body is encoded as ${coding}; send it as it is`);
  if (type.startsWith("image/") || bytesTypes.includes(type)) return [await whole(chunks)];
  if (type === "application/json") return fromJson(await whole(chunks), limits);
  if (type === "multipart/form-data") return fromMultipart(headers["content-type"] ?? "", chunks, limits);
  throw new Problem(
    "unsupported_media_type",
    `the content type is ${type}${type === curlType ? ", which curl sends unless it is told another" : ""}; image/*, application/octet-stream, multipart/form-data and application/json are read`,
  );
}

async function* chunksOf(request: IncomingMessage, count: (bytes: number) => void): Chunks {
  try {
    // Left to itself, the loop would destroy the connection when it ends early, and the answer with it.
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      count((chunk as Uint8Array).length);
      yield chunk as Uint8Array;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("damaged_body", "the connection ended within the body");
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
  // Node passes over what is no base64, and the result is then too short.
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
      `the part "${name.slice(0, 50)}" is text; every part must be the file of an image, and settings go into the address`,
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
  if (pictures.length === 0) throw new Problem("invalid_request", "the body holds no image");
  return pictures.map((parts) => (parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts)));
}

function multipartParser(type: string, { bodyBytes, pictures }: BodyLimits): BusboyInstance {
  try {
    return new Busboy({
      headers: { "content-type": type },
      // A part that is no file is passed over, and if it fills its buffer the parser waits for ever.
      fileHwm: bodyBytes,
      limits: {
        fileSize: bodyBytes,
        files: pictures,
        parts: pictures + 1,
        fieldSize: 1000,
        headerPairs: 20,
        headerSize: 4000,
      },
      // A part without a file's name is an image too, if it says so.
      isPartAFile: (_, partType, name) =>
        name !== undefined || (partType !== undefined && partType !== "text/plain"),
    });
  } catch (error) {
    throw new Problem("damaged_body", `the multipart body cannot be read: ${messageOf(error)}`);
  }
}

function tooLarge({ bodyBytes }: BodyLimits): Problem {
  return new Problem("body_too_large", `a body may have ${bodyBytes / 1e6} MB`);
}

function tooMany({ pictures }: BodyLimits): Problem {
  return new Problem("too_many_pictures", `a request may hold ${counted(pictures, "image")}`);
}
