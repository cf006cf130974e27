/** `vultus watch`: a page that shows runs as they train. */

import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { Command } from "commander";
import { startWatching } from "../../server/runs/server.ts";
import { UsageError } from "../../util/errors.ts";
import { numberOf } from "../options.ts";
import { result, say } from "../output.ts";

interface Options {
  readonly host: string;
  readonly port?: number;
}

export function watchCommand(): Command {
  return new Command("watch")
    .description("show runs as they train: a page with their curves, confusion and sample predictions")
    .argument("<run...>", "run folders, also of runs that are yet to begin, or folders that hold runs")
    .option("--host <address>", "address to listen on; other machines reach only 0.0.0.0 or ::", "127.0.0.1")
    .option(
      "--port <n>",
      "port to listen on; 0 takes a free one (default: 8090, or a free one)",
      numberOf(0, 65535, true),
    )
    .action(async (paths: string[], options: Options) => {
      for (const path of paths) {
        if (!existsSync(path) && !existsSync(dirname(resolve(path))))
          throw new UsageError(
            `${path} does not exist, nor does the folder above it; give a run folder such as runs/resnet50-progressive-1`,
          );
        if (!existsSync(path)) say(`${path} does not exist yet; the page waits for it`);
      }
      const server = await startWatching({ paths, ...options });
      result(server.url);
      say("press Ctrl-C to stop");
      await new Promise<void>((stop) => {
        for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop());
      });
      await server.close({ over: false });
    });
}
