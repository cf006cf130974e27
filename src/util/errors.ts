/** Errors that vultus raises deliberately: each names the item, the value found, what is valid, and the next step. */

/** Thrown if the work, or part of the input, failed (exit code 1). */
export class VultusError extends Error {
  override readonly name: string = "VultusError";
}

/** Thrown for an invalid request: an unknown flag, key, class or folder (exit code 2). */
export class UsageError extends VultusError {
  override readonly name: string = "UsageError";
}

/** Thrown for a graph that cannot be built; the message begins with the invalid layer. */
export class GraphError extends VultusError {
  override readonly name: string = "GraphError";
}

/** Thrown for a file whose content violates its format; the message names the file and the byte, row or tensor. */
export class FormatError extends VultusError {
  override readonly name: string = "FormatError";
}

/** Returns the message of any thrown value, for use in an error of ours. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
