/** Images that cannot be read: a code with a stable meaning for programs, and the reason for people. */

import { FormatError, messageOf } from "../util/errors.ts";

/** `docs/how-to/data.md` lists their meanings, and a test compares the two. */
export const unreadableCodes = [
  "no_such_file",
  "cannot_open",
  "cannot_fetch",
  "too_many_bytes",
  "too_many_pixels",
  "empty",
  "video",
  "unsupported_format",
  "not_an_image",
  "damaged",
] as const;
export type UnreadableCode = (typeof unreadableCodes)[number];

/** The reason why an image is not read. */
export interface WhyUnreadable {
  readonly code: UnreadableCode;
  readonly reason: string;
}

/** An image that is left out. */
export interface Unreadable extends WhyUnreadable {
  readonly id: string;
}

/** The message is the reason, without the file's name. */
export class UnreadableImage extends FormatError {
  override readonly name = "UnreadableImage";
  readonly code: UnreadableCode;

  constructor(code: UnreadableCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** Returns why reading an image failed; an error without a code comes from a decoder. */
export function whyUnreadable(error: unknown): WhyUnreadable {
  const code = error instanceof UnreadableImage ? error.code : "damaged";
  return { code, reason: messageOf(error) };
}

/** Returns the operating system's reason why a file cannot be opened. */
export function cannotOpen(error: unknown): UnreadableImage {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ENOENT"
    ? new UnreadableImage("no_such_file", "no such file")
    : new UnreadableImage("cannot_open", `cannot be opened (${code})`);
}
