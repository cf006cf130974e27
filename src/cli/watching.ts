/** The page of one training, beside it. */

import type { End } from "../server/runs/protocol.ts";
import { messageOf } from "../util/errors.ts";
import { say } from "./output.ts";

/** Nothing that befalls the page is passed on: it must not end a training. */
export async function pageBeside(
  folder: string,
  port: number | undefined,
): Promise<{ close(end: End): Promise<void> }> {
  try {
    // Loaded here: a training without a page, and what else trains, would pay a web server's start for nothing.
    const { startWatching } = await import("../server/runs/server.ts");
    const server = await startWatching({
      paths: [folder],
      host: "127.0.0.1",
      ...(port === undefined ? {} : { port }),
    });
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
