/** The server of `vultus watch` and of `vultus train --ui`: the page of runs, and the runs. */

import { allowOrigins, isLoopback, requireLoopbackHost } from "../access.ts";
import { createApp } from "../app.ts";
import { page } from "../page.ts";
import type { End } from "./protocol.ts";
import { runs } from "./routes.ts";

export interface WatchServer {
  /** Where a person looks. */
  readonly url: string;
  /** Tells every client how it ended, and returns when they are told. */
  close(end: End): Promise<void>;
}

export interface WatchSettings {
  readonly paths: readonly string[];
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** @throws where the port is taken or the address is not one of this machine. */
export async function startWatching({ paths, host, port }: WatchSettings): Promise<WatchServer> {
  let end: End = { over: false };
  const app = await createApp({ log: false });
  if (isLoopback(host)) requireLoopbackHost(app);
  allowOrigins(app, []);
  await app.register(runs, { paths, end: () => end });
  await page(app, { entry: "watch.html" });
  return {
    url: await app.listen({ host, port }),
    async close(reason) {
      end = reason;
      await app.close();
    },
  };
}
