/** The server of `vultus watch` and `vultus train --ui`: the runs and their page. */

import { allowOrigins, isLoopback, requireLoopbackHost } from "../access.ts";
import { createApp } from "../app.ts";
import { listenOn, PortTaken } from "../listen.ts";
import { page } from "../page.ts";
import { limitRate } from "../rate.ts";
import type { End } from "./protocol.ts";
import { runs } from "./routes.ts";

export interface WatchServer {
  /** Address to open in a browser. */
  readonly url: string;
  /** Sends every client the end message, and returns once they have received it. */
  close(end: End): Promise<void>;
}

export interface WatchSettings {
  readonly paths: readonly string[];
  readonly host: string;
  /** 0 selects a free port. Default: the usual port, or a free one if another program uses it. */
  readonly port?: number;
}

const USUAL_PORT = 8090;

/** Starts the server. @throws UsageError if the port is taken or the address does not belong to this machine */
export async function startWatching(settings: WatchSettings): Promise<WatchServer> {
  const { port = USUAL_PORT } = settings;
  try {
    return await watchAt(settings, port);
  } catch (error) {
    if (error instanceof PortTaken && settings.port === undefined) return watchAt(settings, 0);
    throw error;
  }
}

async function watchAt({ paths, host }: WatchSettings, port: number): Promise<WatchServer> {
  let end: End = { over: false };
  const app = createApp({ log: false });
  if (isLoopback(host)) requireLoopbackHost(app);
  allowOrigins(app, []);
  await limitRate(app);
  await app.register(runs, { paths, end: () => end });
  await page(app, { entry: "watch.html" });
  return {
    url: await listenOn(app, host, port),
    async close(reason) {
      end = reason;
      await app.close();
    },
  };
}
