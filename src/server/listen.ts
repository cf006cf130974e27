/** Listening, with errors that say what to do. */

import type { FastifyInstance } from "fastify";
import { UsageError } from "../util/errors.ts";

/** The address that it listens on. @throws UsageError where the port or the address cannot be had. */
export async function listenOn(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port);
  }
}

/** Whether listening failed since another program has the port. */
export class PortTaken extends UsageError {}

function listenError(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return new PortTaken(
      `port ${port} of ${host} is taken by another program; choose another with --port, or 0 for any free one`,
    );
  const reasons: Readonly<Record<string, string>> = {
    EACCES: `port ${port} may not be used by this user; choose one from 1024 on`,
    EADDRNOTAVAIL: `${host} is no address of this machine; --host 127.0.0.1 is this machine alone, 0.0.0.0 every network`,
    ENOTFOUND: `there is no host ${host}`,
  };
  return code !== undefined && code in reasons ? new UsageError(reasons[code]) : error;
}
