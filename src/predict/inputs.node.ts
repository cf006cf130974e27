/** Turns command-line inputs into a stream of photos: files, folders, patterns, URLs, standard input. */

import { existsSync, realpathSync } from "node:fs";
import { open, readFile, stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import { decodeFitted } from "../data/decode.node.ts";
import { picturesBelow } from "../data/folder.node.ts";
import { MOST_PHOTO_PIXELS } from "../data/photo-size.ts";
import { sniffPicture } from "../data/sniff.ts";
import { VIDEO_HEAD } from "../data/sniff-video.ts";
import { cannotOpen, UnreadableImage, whyUnreadable } from "../data/unreadable.ts";
import { messageOf, UsageError } from "../util/errors.ts";
import { isFolder } from "../util/files.node.ts";
import { inOrder } from "../util/ordered.ts";
import { globbed, isGlob } from "./globs.node.ts";
import type { ReadPhoto } from "./predictor.ts";

/** Larger files are not photos. */
const MOST_BYTES = 1e9;
/** Larger files are inspected before they are read, because they may be videos. */
const SURELY_READ = 64e6;
const MOST_BYTES_OF_URL = 100e6;
const URL_SECONDS = 30;

/** Files in progress at a time: twice the four threads that Node uses for files and images. */
const AT_ONCE = 8;

/** A photo by its name in the result, with a function that reads its bytes. */
export interface PhotoSource {
  readonly file: string;
  bytes(): Promise<Uint8Array>;
}

export interface InputOptions {
  readonly allowUrls?: boolean;
  /** Reads the photo for `-`. Default: reads standard input. */
  readonly standardInput?: (() => Promise<Uint8Array>) | undefined;
  /** Files and folders to skip: the outputs of the run itself. */
  readonly except?: readonly string[];
}

/** Yields the photos of `inputs`, in order, as they are found. @throws UsageError for inputs that are not allowed */
export function photoSources(inputs: readonly string[], options: InputOptions = {}): Generator<PhotoSource> {
  const address = options.allowUrls ? undefined : inputs.find(isAddress);
  if (address)
    throw new UsageError(`${address} is a URL; vultus fetches nothing from the network without --allow-urls`);
  return sourcesOf(inputs, options);
}

function* sourcesOf(
  inputs: readonly string[],
  { except = [], standardInput = () => wholeOf(process.stdin) }: InputOptions,
): Generator<PhotoSource> {
  const own = except.map((path) => real(path));
  const isOwn = (path: string): boolean =>
    own.some((folder) => real(path) === folder || real(path).startsWith(folder + sep));
  for (const input of inputs) {
    if (input === "-") yield { file: "-", bytes: standardInput };
    else if (isAddress(input)) yield { file: input, bytes: () => fetched(input) };
    else if (existsSync(input) || !isGlob(input)) {
      const files = isFolder(input) ? picturesBelow(input) : [input];
      for (const file of files) if (file === input || !isOwn(file)) yield fileSource(file);
    } else {
      let count = 0;
      for (const file of globbed(input)) {
        count++;
        if (!isOwn(file)) yield fileSource(file);
      }
      if (count === 0)
        yield {
          file: input,
          bytes: () => Promise.reject(new UnreadableImage("no_such_file", "no file matches this pattern")),
        };
    }
  }
}

/** Reads and decodes photos, several at a time, in order. An unreadable one carries the reason. */
export function readPhotos(
  sources: Iterable<PhotoSource> | AsyncIterable<PhotoSource>,
): AsyncGenerator<ReadPhoto> {
  return inOrder(sources, AT_ONCE, readPhoto);
}

export async function readPhoto({ file, bytes }: PhotoSource): Promise<ReadPhoto> {
  try {
    return { file, ...(await decodeFitted(await bytes(), MOST_PHOTO_PIXELS)) };
  } catch (error) {
    return { file, ...whyUnreadable(error) };
  }
}

export function fileSource(file: string): PhotoSource {
  return { file, bytes: () => fileBytes(file) };
}

async function fileBytes(path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size > SURELY_READ) await refuseVideo(path);
    if (size > MOST_BYTES)
      throw new UnreadableImage(
        "too_many_bytes",
        `the file has ${(size / 1e9).toFixed(1)} GB, which is too large for a photo`,
      );
    return await readFile(path);
  } catch (error) {
    throw error instanceof UnreadableImage ? error : cannotOpen(error);
  }
}

/** @throws UnreadableImage if the file is a video, without reading it */
async function refuseVideo(path: string): Promise<void> {
  const file = await open(path);
  try {
    const head = new Uint8Array(VIDEO_HEAD);
    await file.read(head, 0, head.length, 0);
    sniffPicture(head);
  } catch (error) {
    // Decoding will report what the file is instead.
    if (!(error instanceof UnreadableImage) || error.code === "video") throw error;
  } finally {
    await file.close();
  }
}

/** Returns all bytes of a stream. @throws UnreadableImage if there are more than a photo can have */
export async function wholeOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of stream) {
    parts.push(part);
    size += part.length;
    if (size > MOST_BYTES)
      throw new UnreadableImage("too_many_bytes", `more than ${MOST_BYTES / 1e9} GB on standard input`);
  }
  return Buffer.concat(parts);
}

async function fetched(address: string): Promise<Uint8Array> {
  let response: Response;
  try {
    response = await fetch(address, { signal: AbortSignal.timeout(URL_SECONDS * 1000) });
  } catch (error) {
    const { cause } = error as { cause?: unknown };
    throw new UnreadableImage("cannot_fetch", `cannot fetch it: ${messageOf(cause ?? error)}`);
  }
  if (!response.ok)
    throw new UnreadableImage(
      "cannot_fetch",
      `the server returned ${response.status} ${response.statusText}`,
    );
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    size += part.length;
    if (size > MOST_BYTES_OF_URL)
      throw new UnreadableImage("too_many_bytes", `more than ${MOST_BYTES_OF_URL / 1e6} MB`);
  }
  return Buffer.concat(parts);
}

function isAddress(input: string): boolean {
  return /^https?:\/\//i.test(input);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
