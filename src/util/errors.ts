/** Errors that vultus raises deliberately: each names the item, the value found, what is valid, and the next step. */

/** The work failed, or some of the input did (exit code 1). */
export class VultusError extends Error {
  override readonly name: string = "VultusError";
}

/** The request was wrong: an unknown flag, key, class or folder (exit code 2). */
export class UsageError extends VultusError {
  override readonly name: string = "UsageError";
}

/** A graph that cannot be built: the message begins with the layer that is wrong. */
export class GraphError extends VultusError {
  override readonly name: string = "GraphError";
}

/** A file whose content is not what its format promises: the message names the file and the byte, row or tensor. */
export class FormatError extends VultusError {
  override readonly name: string = "FormatError";
}

/** The message of anything thrown, for wrapping it in an error of ours. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
