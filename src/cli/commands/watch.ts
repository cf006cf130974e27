/** `vultus watch`: serves a page that shows runs as they train. */

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
    .description(
      "show runs as they train, in a page with their curves, confusion matrices and sample predictions",
    )
    .argument(
      "<run...>",
      "run folders, including those of runs that have not begun, or folders that contain runs",
    )
    .option("--host <address>", "address to listen on; 0.0.0.0 or :: accepts other machines", "127.0.0.1")
    .option(
      "--port <n>",
      "port to listen on; 0 picks a free one (default: 8090, or a free one)",
      numberOf(0, 65535, true),
    )
    .action(async (paths: string[], options: Options) => {
      for (const path of paths) {
        if (!existsSync(path) && !existsSync(dirname(resolve(path))))
          throw new UsageError(
            `neither ${path} nor its parent folder exists; give a run folder such as runs/resnet50-progressive-1`,
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
