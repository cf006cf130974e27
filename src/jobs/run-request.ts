/** The options that a run records at its start, so that `resume` needs only its folder. */

import { existsSync } from "node:fs";
import { providers } from "../runtime/session.node.ts";
import type { Device } from "../runtime/session.ts";
import { type DataRequest, dataRequestSchema } from "../train/data-request.ts";
import { type Environment, keptLists, readEnvironment, runPaths } from "../train/run-folder.node.ts";
import { UsageError } from "../util/errors.ts";
import { callTo } from "../util/spelling.ts";
import type { DataSource } from "./data.ts";
import type { PrecisionOptions } from "./device.ts";

/** The options that a run records. */
export interface KnownOptions extends PrecisionOptions, DataRequestOptions {
  readonly data?: DataSource | undefined;
  readonly exclude?: string | undefined;
  readonly corrections?: string | undefined;
  readonly cacheFeatures?: boolean | undefined;
}

type DataRequestOptions = { readonly [K in keyof DataRequest]?: Readonly<DataRequest[K]> };

const requested = Object.keys(dataRequestSchema.shape) as (keyof DataRequest)[];

/** Returns what a new run records; undefined if a program passed a data set, which has no path. */
export function requestOf({ data, ...options }: KnownOptions): DataRequest | undefined {
  return typeof data === "string" || Array.isArray(data) ? given(options) : undefined;
}

/**
 * Fills in options that are left out from the record of the run in `folder`: the data and how it is read, and device, threads and
 * number format, which the bits of the result depend on.
 *
 * @throws UsageError if the data is neither given nor recorded, or is no longer where it was.
 */
export function resumedOptions<T extends KnownOptions>(folder: string, options: T): T & { data: DataSource } {
  const paths = runPaths(folder);
  const then = readEnvironment(paths);
  const kept = keptLists(folder);
  const { precision = "auto", device = "auto" } = options;
  return {
    ...options,
    ...then.request,
    ...given(options),
    device: device === "auto" && providers().includes(then.device) ? (then.device as Device) : device,
    threads: options.threads ?? then.threads,
    precision: precision === "auto" ? (then.precision ?? "auto") : precision,
    cacheFeatures: then.cacheFeatures === false ? false : options.cacheFeatures,
    exclude: options.exclude ?? kept.exclude,
    corrections: options.corrections ?? kept.corrections,
    data: options.data ?? knownData(folder, then),
  };
}

function given(options: KnownOptions): DataRequest {
  // A flag that is false counts as left out.
  const named = requested.filter((key) => options[key] !== undefined && options[key] !== false);
  return Object.fromEntries(named.map((key) => [key, options[key]]));
}

function knownData(folder: string, { request, data }: Environment): readonly string[] {
  const again = callTo("train", { data: data.length > 0 ? data : ["photos/"], resume: folder });
  if (!request) {
    throw new UsageError(
      `${folder} does not record its data, because a program passed a data set or an older version of vultus started it; ` +
        `give the data again, with the same options as at the start: ${again}`,
    );
  }
  const missing = data.find((path) => !existsSync(path));
  if (missing === undefined) return data;
  throw new UsageError(
    `${folder} was trained on ${missing}, which no longer exists; put it back, or resume the run once with its new location ` +
      `instead of ${missing} in ${again}`,
  );
}
