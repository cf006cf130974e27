/** The page of runs, beside a command that watches them or trains one. */

import type { End } from "../server/runs/protocol.ts";
import { startWatching, type WatchServer } from "../server/runs/server.ts";
import { messageOf, UsageError } from "../util/errors.ts";
import { say } from "./output.ts";

/** Tried where no port is given; a free one is taken where another program has it. */
const USUAL_PORT = 8090;

export interface WatchOptions {
  readonly host: string;
  readonly port?: number;
}

/** @throws UsageError where the port or the address cannot be had. */
export async function openPage(paths: readonly string[], { host, port }: WatchOptions): Promise<WatchServer> {
  try {
    return await startWatching({ paths, host, port: port ?? USUAL_PORT });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EADDRINUSE" && port === undefined) return openPage(paths, { host, port: 0 });
    if (code === "EADDRINUSE")
      throw new UsageError(`port ${port} is taken; give another one with --port, or 0 for a free one`);
    if (code === "EACCES")
      throw new UsageError(`port ${port} may not be used by this user; give one from 1024 on with --port`);
    if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND")
      throw new UsageError(
        `${host} is no address of this machine; give --host 127.0.0.1, or 0.0.0.0 for all of its addresses`,
      );
    throw error;
  }
}

/** The page of one training. Nothing that befalls the page is passed on: it must not end a training. */
export async function pageBeside(
  folder: string,
  port: number | undefined,
): Promise<{ close(end: End): Promise<void> }> {
  try {
    const server = await openPage([folder], { host: "127.0.0.1", ...(port === undefined ? {} : { port }) });
    say(`watch it at ${server.url}`);
    return {
      close: (end) =>
        server.close(end).catch((error: unknown) => say(`the page did not close well: ${messageOf(error)}`)),
    };
  } catch (error) {
    say(`training goes on without its page: ${messageOf(error)}`);
    return { close: async () => {} };
  }
}
