/** `vultus serve`: runs the HTTP service and the page. */

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

/** Environment variable of the token. A token is never an argument, since every user of a machine can list those. */
const TOKEN = "VULTUS_TOKEN";

export function serveCommand(): Command {
  const { bodyBytes, pixels, pictures, faces, queue, timeout } = usualLimits;
  return withPriorOption(withDetector(withDevice(new Command("serve"), "1 per worker")))
    .description("serve predictions over HTTP, and a page that classifies faces in the browser")
    .option(
      "--model <path>",
      "run folder, or file written by a run or an export; repeat it to serve several models side by side (default: the shipped model)",
      (path: string, before: readonly string[] | undefined) => [...(before ?? []), path],
    )
    .option("--host <address>", "address to listen on; 0.0.0.0 or :: accepts other machines", "127.0.0.1")
    .option(
      "--port <n>",
      "port to listen on; 0 picks a free one",
      numberOf(0, 65535, true),
      usualService.port,
    )
    .option("--no-detect", "treat every image as one face crop")
    .option(
      "--workers <n>",
      "number of threads, each with its own copy of the model",
      numberOf(1, 256, true),
      usualService.workers,
    )
    .option(
      "--batch-size <n>",
      "maximum number of faces classified together",
      numberOf(1, 64, true),
      usualService.batchSize,
    )
    .option(
      "--batch-delay <ms>",
      "how long a face waits for others to fill a batch",
      numberOf(0, 1000),
      usualService.batchDelay,
    )
    .option(
      "--queue <n>",
      "maximum number of images in progress; beyond it the service answers 503",
      numberOf(1, 1e6, true),
      queue,
    )
    .option(
      "--timeout <time>",
      "maximum time from a request's last byte to its answer",
      secondsOf,
      timeout / 1000,
    )
    .option("--max-body <MB>", "maximum size of a request", numberOf(0.001, 1000), bodyBytes / 1e6)
    .option(
      "--max-pixels <millions>",
      "maximum size of an image, before it is decoded",
      numberOf(0.001, 400),
      pixels / 1e6,
    )
    .option("--max-pictures <n>", "maximum number of images in a request", numberOf(1, 1000, true), pictures)
    .option(
      "--max-faces <n>",
      "maximum number of faces classified per image, the largest first",
      numberOf(1, 1e4, true),
      faces,
    )
    .option(
      "--rate <n>",
      "maximum requests per client and minute; 0 for no limit",
      numberOf(0, 1e9, true),
      usualRate,
    )
    .option(
      "--token-file <file>",
      `require the bearer token in this file (default: the one in ${TOKEN}, if set)`,
    )
    .option(
      "--cors <origins>",
      "origins whose pages may use the service, such as https://a.example,…",
      listOf,
      [],
    )
    .option("--trust-proxy <addresses>", "proxies trusted to report the client's address", listOf, [])
    .action(async (options: Options) => {
      const settings = settingsOf(options);
      onSignals(endNow);
      const service = await createService(settings);
      try {
        sayStart(service, await service.listen(options.port), settings);
        await new Promise<void>((resolve) => onSignals(resolve));
        onSignals(endNow);
        say("finishing accepted requests; press Ctrl-C again to stop at once");
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
      `--cors ${wrong} is not an origin; an origin is a scheme and a host, such as https://a.example`,
    );
  const noAddress = trustProxy.find((proxy) => !isAddress(proxy));
  if (noAddress !== undefined)
    throw new UsageError(
      `--trust-proxy ${noAddress} is not an address; give one such as 10.0.0.5 or 10.0.0.0/8`,
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

/** Whether the text is an IP address, or a range of them. */
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
    `the token in ${tokenFile ?? TOKEN} has ${token.length} characters; it must have at least 16, without spaces. \`openssl rand -hex 32\` generates one`,
  );
}

function sayStart({ all }: Service, address: string, { host, token }: ServiceSettings): void {
  const names = all.map(({ current: { description } }) => `${description.name} (${description.version})`);
  say(
    `${names.join(" and ")} ${names.length > 1 ? "are" : "is"} served at ${address}; /docs describes the API`,
  );
  if (token !== undefined)
    say(
      "the page at / uses the shipped model, since a browser would need this model's file, which the token protects",
    );
  if (host === "0.0.0.0" || host === "::") say("other machines can reach it");
}

/** Replaces what SIGINT and SIGTERM do. Without a listener, process 1 of a container would ignore them. */
function onSignals(act: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.removeAllListeners(signal).on(signal, act);
}

/** Ends the process by the signal itself, as shells expect. Ending workers during inference would abort the process. */
function endNow(): void {
  process.removeAllListeners("SIGINT");
  process.kill(process.pid, "SIGINT");
  // Process 1 of a container survives the signal.
  process.exit(130);
}
