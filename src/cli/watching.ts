/** The page that shows a training while it runs. */

import type { End } from "../server/runs/protocol.ts";
import { messageOf } from "../util/errors.ts";
import { say } from "./output.ts";

/** Starts the page. Its errors are reported but never thrown, since they must not end a training. */
export async function pageBeside(
  folder: string,
  port: number | undefined,
): Promise<{ close(end: End): Promise<void> }> {
  try {
    // Imported here, so that a training without a page does not load a web server.
    const { startWatching } = await import("../server/runs/server.ts");
    const server = await startWatching({
      paths: [folder],
      host: "127.0.0.1",
      ...(port === undefined ? {} : { port }),
    });
    say(`watch it at ${server.url}`);
    return {
      close: (end) =>
        server
          .close(end)
          .catch((error: unknown) => say(`the page did not close cleanly: ${messageOf(error)}`)),
    };
  } catch (error) {
    say(`training continues without its page: ${messageOf(error)}`);
    return { close: async () => {} };
  }
}
