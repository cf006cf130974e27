/** How a command fails: with an exit code for shells, and with a stable error code for programs. */

import { CommanderError } from "commander";
import { FormatError, messageOf, UsageError, VultusError } from "../util/errors.ts";

/** Error codes and their exit codes. `docs/how-to/command-line.md` lists their meanings; a test compares the two. */
export const exitCodes = { wrong_request: 2, wrong_content: 1, failed: 1, internal: 1 } as const;

export interface Failure {
  readonly code: keyof typeof exitCodes;
  readonly message: string;
}

export function failureOf(error: unknown): Failure {
  const message = messageOf(error);
  if (error instanceof CommanderError)
    return { code: "wrong_request", message: message.replace(/^error: /, "") };
  if (error instanceof UsageError) return { code: "wrong_request", message };
  if (error instanceof FormatError) return { code: "wrong_content", message };
  return { code: error instanceof VultusError ? "failed" : "internal", message };
}
