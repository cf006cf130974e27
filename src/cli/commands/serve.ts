/** `vultus serve`: the HTTP service and the page. */

import { isIP } from "node:net";
import { Command } from "commander";
import { chooseDevice, type DeviceOptions } from "../../jobs/device.ts";
import { isOrigin } from "../../server/access.ts";
import { usualLimits } from "../../server/limits.ts";
import { usualRate } from "../../server/rate.ts";
import { createService, type Service, type ServiceSettings, usualService } from "../../server/service.ts";
import { UsageError } from "../../util/errors.ts";
import { readBytes } from "../../util/files.node.ts";
import {
  type DetectorFlags,
  detectorOf,
  listOf,
  numberOf,
  secondsOf,
  withDetector,
  withDevice,
  withPriorOption,
} from "../options.ts";
import { say } from "../output.ts";

interface Options extends DeviceOptions, DetectorFlags {
  readonly model?: readonly string[];
  readonly prior?: string;
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly detect: boolean;
  readonly batchSize: number;
  readonly batchDelay: number;
  readonly queue: number;
  readonly timeout: number;
  readonly maxBody: number;
  readonly maxPixels: number;
  readonly maxPictures: number;
  readonly maxFaces: number;
  readonly rate: number;
  readonly tokenFile?: string;
  readonly cors: readonly string[];
  readonly trustProxy: readonly string[];
}

/** Where the token is read from unless a file is named; never the arguments, which every user of a machine can list. */
const TOKEN = "VULTUS_TOKEN";

export function serveCommand(): Command {
  const { bodyBytes, pixels, pictures, faces, queue, timeout } = usualLimits;
  return withPriorOption(withDetector(withDevice(new Command("serve"), "1 for each worker")))
    .description("serve predictions over HTTP, and a page that recognises faces in the browser")
    .option(
      "--model <path>",
      "run folder, or a file that a run or an export wrote; given several times, models side by side (default: the model that ships)",
      (path: string, before: readonly string[] | undefined) => [...(before ?? []), path],
    )
    .option("--host <address>", "address to listen on; 0.0.0.0 or :: lets other machines in", "127.0.0.1")
    .option(
      "--port <n>",
      "port to listen on; 0 takes a free one",
      numberOf(0, 65535, true),
      usualService.port,
    )
    .option("--no-detect", "take every image as one face crop")
    .option("--workers <n>", "threads that hold a model each", numberOf(1, 256, true), usualService.workers)
    .option("--batch-size <n>", "faces classified together", numberOf(1, 64, true), usualService.batchSize)
    .option(
      "--batch-delay <ms>",
      "how long a face waits for others",
      numberOf(0, 1000),
      usualService.batchDelay,
    )
    .option("--queue <n>", "images under way; beyond them the answer is 503", numberOf(1, 1e6, true), queue)
    .option(
      "--timeout <time>",
      "longest time from a request's last byte to its answer",
      secondsOf,
      timeout / 1000,
    )
    .option("--max-body <MB>", "size of a request", numberOf(0.001, 1000), bodyBytes / 1e6)
    .option(
      "--max-pixels <millions>",
      "size of an image, before it is decoded",
      numberOf(0.001, 400),
      pixels / 1e6,
    )
    .option("--max-pictures <n>", "images in a request", numberOf(1, 1000, true), pictures)
    .option(
      "--max-faces <n>",
      "faces of an image that are classified, the largest",
      numberOf(1, 1e4, true),
      faces,
    )
    .option(
      "--rate <n>",
      "requests per client and minute; 0 for any number",
      numberOf(0, 1e9, true),
      usualRate,
    )
    .option(
      "--token-file <file>",
      `ask for the bearer token in this file (default: that in ${TOKEN}, if it is set)`,
    )
    .option("--cors <origins>", "origins whose pages may use the service, as https://a.example,…", listOf, [])
    .option("--trust-proxy <addresses>", "proxies whose word on the client's address is taken", listOf, [])
    .action(async (options: Options) => {
      const settings = settingsOf(options);
      onSignals(endNow);
      const service = await createService(settings);
      try {
        sayStart(service, await service.listen(options.port), settings);
        await new Promise<void>((resolve) => onSignals(resolve));
        onSignals(endNow);
        say("finishing what was accepted; once more stops at once");
      } finally {
        await service.close();
      }
    });
}

function settingsOf(options: Options): ServiceSettings {
  const { model, prior, host, workers, batchSize, batchDelay, rate, cors, trustProxy } = options;
  if (options.timeout === 0) throw new UsageError("--timeout must be more than 0 seconds");
  const { device, threads } = chooseDevice(
    { ...options, threads: options.threads ?? usualService.threads },
    say,
  );
  const wrong = cors.find((origin) => !isOrigin(origin));
  if (wrong !== undefined)
    throw new UsageError(
      `--cors ${wrong} is no origin; an origin is a scheme and a host, as https://a.example`,
    );
  const noAddress = trustProxy.find((proxy) => !isAddress(proxy));
  if (noAddress !== undefined)
    throw new UsageError(
      `--trust-proxy ${noAddress} is no address; valid are 10.0.0.5, 10.0.0.0/8 and the like`,
    );
  const token = tokenOf(options);
  return {
    ...(model === undefined ? {} : { model }),
    ...(prior === undefined ? {} : { prior }),
    ...(token === undefined ? {} : { token }),
    detector: options.detect && detectorOf(options),
    host,
    workers,
    threads,
    device,
    batchSize,
    batchDelay,
    rate,
    cors,
    trustProxy,
    limits: {
      bodyBytes: options.maxBody * 1e6,
      pixels: options.maxPixels * 1e6,
      pictures: options.maxPictures,
      faces: options.maxFaces,
      queue: options.queue,
      timeout: options.timeout * 1000,
    },
  };
}

/** An IP address, or a range of them. */
function isAddress(text: string): boolean {
  const [address = "", bits] = text.split("/");
  const version = isIP(address);
  return (
    version > 0 && (bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128)))
  );
}

function tokenOf({ tokenFile }: Options): string | undefined {
  const text = tokenFile === undefined ? process.env[TOKEN] : new TextDecoder().decode(readBytes(tokenFile));
  if (text === undefined) return undefined;
  const token = text.trim();
  if (/^\S{16,}$/.test(token)) return token;
  throw new UsageError(
    `the token in ${tokenFile ?? TOKEN} has ${token.length} characters; it must have at least 16, without spaces. \`openssl rand -hex 32\` makes one`,
  );
}

function sayStart({ all }: Service, address: string, { host, token }: ServiceSettings): void {
  const names = all.map(({ current: { description } }) => `${description.name} (${description.version})`);
  say(
    `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} served at ${address}; /docs tells how to ask ${names.length > 1 ? "them" : "it"}`,
  );
  if (token !== undefined)
    say(
      "the page at / has the model that ships, since a browser would need the model's file, which the token protects",
    );
  if (host === "0.0.0.0" || host === "::") say("other machines can reach it");
}

/** What SIGINT and SIGTERM do from now on. Without a listener, process 1 of a container would take no notice of them. */
function onSignals(act: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeAllListeners(signal).on(signal, act);
}

/** By the signal itself, as shells expect: to end workers in the middle of a session would abort the process. */
function endNow(): void {
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
  // Process 1 of a container has outlived that.
  process.exit(130);
}
