/** Listens on a port, with error messages that suggest a fix. */

import type { FastifyInstance } from "fastify";
import { UsageError } from "../util/errors.ts";

/** Starts listening and returns the address. @throws UsageError if the port or the address is not available */
export async function listenOn(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port);
  }
}

/** Thrown if another program already uses the port. */
export class PortTaken extends UsageError {}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new PortTaken(
      `port ${port} on ${host} is already in use; choose another with --port, or --port 0 for any free one`,
    );
  const reasons: Readonly<Record<string, string>> = {
    EACCES: `this user is not allowed to listen on port ${port}; choose a port of 1024 or above`,
    EADDRNOTAVAIL: `${host} is not an address of this machine; use --host 127.0.0.1 for this machine only, or 0.0.0.0 for every network`,
    ENOTFOUND: `there is no host ${host}`,
  };
  return code !== undefined && code in reasons ? new UsageError(reasons[code]) : error;
}
