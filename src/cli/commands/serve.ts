/** `vultus serve`: the HTTP service and the page. */

import { Command } from "commander";
import { createApp } from "../../server/app.ts";
import { page } from "../../server/page.ts";
import { numberOf } from "../options.ts";
import { say } from "../output.ts";

interface Options {
  readonly host: string;
  readonly port: number;
}

export function serveCommand(): Command {
  return new Command("serve")
    .description("serve predictions over HTTP, and a page that recognises faces in the browser")
    .option("--host <address>", "address to listen on; other machines reach only 0.0.0.0 or ::", "127.0.0.1")
    .option("--port <n>", "port to listen on; 0 takes a free one", numberOf(0, 65535, true), 8080)
    .action(async ({ host, port }: Options) => {
      const app = await createApp();
      await page(app);
      say(`listening on ${await app.listen({ host, port })}`);
      await new Promise<void>((resolve) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => resolve());
      });
      await app.close();
    });
}
