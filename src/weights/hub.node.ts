/**
 * Fetches a file from the Hugging Face hub into the cache that Python uses too.
 *
 * The protocol is written here, over fetch, and not taken from `@huggingface/hub`: in 2.17 its `downloadFileToCacheDir`
 * neither resumes nor verifies nor reports progress, lets two processes write one partial file, writes no `refs/` (so it
 * finds nothing offline) and names snapshots by the file's last commit where Python takes the revision's.
 */

import { statSync } from "node:fs";
import { UsageError, VultusError } from "../util/errors.ts";
import {
  blobPath,
  type Cached,
  findCached,
  isCommit,
  linkToBlob,
  snapshotPath,
  writeRef,
} from "./hub-cache.node.ts";
import { download, type FileFacts, type Progress } from "./hub-download.node.ts";
import {
  type Patience,
  persist,
  Refusal,
  reasonOf,
  request,
  usualPatience,
  watchdog,
} from "./hub-http.node.ts";
import type { HubSettings } from "./hub-settings.node.ts";
import type { HubFile } from "./sources.ts";

export interface HubRequest extends HubFile, HubSettings {
  readonly signal?: AbortSignal;
  /** Called for each piece that arrives. */
  readonly onProgress?: (progress: Progress) => void;
  readonly patience?: Patience;
  /** How messages tell the user to pass a manually downloaded file. Default: `--weights FILE`. */
  readonly spell?: (file: string) => string;
  /** A sentence for the error about what works without the file. */
  readonly without?: string;
}

export interface Fetched extends Cached {
  /** Notes for the user: that the hub was not contacted, and why. */
  readonly notes: readonly string[];
}

/**
 * Returns the path of the file, downloading it if it is not in the cache. If the hub cannot be reached, or its current file cannot be
 * fetched, the cached file is used, and a note reports it.
 *
 * @throws VultusError with the reason, what was kept, and how to get the file by hand
 */
export async function fetchFromHub(wanted: HubRequest): Promise<Fetched> {
  const { repo, revision, cache, offline, signal } = wanted;
  const cached = findCached(cache, wanted);
  if (cached && isCommit(revision)) return { ...cached, notes: [] };
  try {
    if (offline) throw new UsageError(`it is not in the cache ${cache}, and HF_HUB_OFFLINE is set`);
    return { ...(await bringUpToDate(wanted, cached !== undefined)), notes: [] };
  } catch (error) {
    if (!cached || signal?.aborted) throw failure(wanted, error);
    const reason = offline ? "HF_HUB_OFFLINE is set" : reasonOf(error);
    return {
      ...cached,
      notes: [`${repo} is taken from the cache, as of commit ${cached.commit.slice(0, 7)}: ${reason}`],
    };
  }
}

async function bringUpToDate(wanted: HubRequest, cached: boolean): Promise<Cached> {
  const { repo, file, cache, endpoint, token, fetch, signal, onProgress, patience = usualPatience } = wanted;
  const { commit, hash, size } = await askHub(wanted, cached);
  const path = snapshotPath(cache, wanted, commit);
  const hasSize = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.size === size;
  if (!hasSize(path)) {
    const blob = blobPath(cache, repo, hash);
    const url = `${endpoint}/${repo}/resolve/${commit}/${file}`;
    if (!hasSize(blob)) await download({ url, blob, size, hash, token, fetch, patience, signal, onProgress });
    linkToBlob(blob, path);
  }
  writeRef(cache, wanted, commit);
  return { path, commit };
}

/**
 * The hub's metadata of a file. For a large file it redirects to the content and states the metadata
 * in its own headers (`X-Linked-ETag`, `X-Linked-Size`); small files it serves itself.
 */
async function askHub(wanted: HubRequest, cached: boolean): Promise<FileFacts & { commit: string }> {
  const { token, fetch, signal, onProgress, patience = usualPatience } = wanted;
  const url = addressOf(wanted);
  const ask = async () => {
    const watch = watchdog(Math.min(patience.stall, 10_000), signal);
    try {
      return await request(url, {
        method: "HEAD",
        token,
        fetch,
        signal: watch.signal,
        until: "x-linked-etag",
      });
    } finally {
      watch.stop();
    }
  };
  const answers = await persist(ask, {
    // Do not wait long for an unreachable hub, and not at all if the file is cached.
    patience: { ...patience, tries: cached ? 1 : Math.min(patience.tries, 3) },
    signal,
    onWait: (waiting) => onProgress?.({ bytes: 0, total: 0, waiting }),
  });
  const first = (name: string): string | undefined =>
    answers.map((answer) => answer.headers.get(name)).find((value) => value !== null) ?? undefined;
  const last = answers.at(-1)?.headers;
  const commit = first("x-repo-commit") ?? "";
  const hash = (first("x-linked-etag") ?? last?.get("etag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  const size = Number(first("x-linked-size") ?? last?.get("content-length") ?? Number.NaN);
  // Commit and hash become names of files, so they must be nothing else.
  if (!isCommit(commit) || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(hash) || !Number.isSafeInteger(size)) {
    throw new VultusError(
      `${url} does not answer like the Hugging Face hub: commit "${commit}", hash "${hash}", size ${size}; check HF_ENDPOINT and the proxy`,
    );
  }
  return { commit, hash, size };
}

const addressOf = ({ endpoint, repo, revision, file }: HubRequest): string =>
  `${endpoint}/${repo}/resolve/${encodeURIComponent(revision)}/${file}`;

/** The error for a file that could not be fetched, with instructions for a manual download. */
function failure(wanted: HubRequest, error: unknown): VultusError {
  const { repo, file, signal, spell = (name) => `--weights ${name}`, without } = wanted;
  const reason = signal?.aborted && !(error instanceof VultusError) ? "it was stopped" : reasonOf(error);
  const model = repo.split("/").at(-1) as string;
  // A file's own name will do where it names the model, which model.safetensors does not.
  const name = file.startsWith(model) ? file : `${model}.${file.split(".").at(-1)}`;
  const refused = error instanceof Refusal && !error.passing;
  const kind = error instanceof UsageError || refused ? UsageError : VultusError;
  return new kind(
    `${file} of ${repo} could not be fetched from the hub: ${reason}.\n` +
      (without === undefined ? "" : `${without}\n`) +
      `By hand: download ${addressOf(wanted)}, save it as ${name} and give ${spell(name)}`,
    { cause: error },
  );
}
