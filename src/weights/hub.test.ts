import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { gitHash, type StandIn, sha256, startHub } from "../../test/support/hub.ts";
import { UsageError, VultusError } from "../util/errors.ts";
import { fetchFromHub, type HubRequest } from "./hub.node.ts";
import { linkToBlob } from "./hub-cache.node.ts";

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7919) >> 5);
const repo = "timm/resnet50.tv_in1k";
const file = "model.safetensors";
const path = `/timm/resnet50.tv_in1k/resolve`;

let hub: StandIn;
let cache: string;
let folder: string;

beforeEach(async () => {
  hub = await startHub(repo, file, content);
  cache = mkdtempSync(join(tmpdir(), "vultus-hub-"));
  folder = join(cache, "models--timm--resnet50.tv_in1k");
});
afterEach(async () => {
  await hub.close();
  rmSync(cache, { recursive: true });
});

const ask = (more: Partial<HubRequest> = {}) =>
  fetchFromHub({
    ...{ repo, revision: "main", file, cache, endpoint: hub.endpoint, offline: false, fetch },
    patience: { stall: 2000, tries: 3, backoff: 1 },
    ...more,
  });

/** Vitest's own comparison takes a second for as many bytes. */
const expectContent = (path: string): void => expect(Buffer.compare(readFileSync(path), content)).toBe(0);

/** The error of a request that must fail. */
async function errorOf(more: Partial<HubRequest> = {}): Promise<VultusError> {
  const error: unknown = await ask(more).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(VultusError);
  return error as VultusError;
}

test("a file is downloaded into the layout that Python reads", async () => {
  const seen: number[] = [];
  const fetched = await ask({ onProgress: ({ bytes, total }) => seen.push(bytes / total) });
  expect(fetched).toEqual({
    path: join(folder, "snapshots", hub.commit, file),
    commit: hub.commit,
    notes: [],
  });
  expectContent(fetched.path);
  expect(readlinkSync(fetched.path)).toBe(join("..", "..", "blobs", sha256(content)));
  expect(readFileSync(join(folder, "refs", "main"), "utf8")).toBe(hub.commit);
  expect(readdirSync(join(folder, "blobs"))).toEqual([sha256(content)]);
  expect(seen[0]).toBe(0);
  expect(seen.at(-1)).toBe(1);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(hub.requests).toEqual([`HEAD ${path}/main/${file}`, `GET ${path}/${hub.commit}/${file}`, "content"]);
});

test("the token goes to the hub, and not to the host that it redirects to", async () => {
  await ask({ token: "hf_secret" });
  expect(hub.requests.map((line) => line.endsWith(" +token"))).toEqual([true, true, false]);
});

test("a small file is named as git names it, and served by the hub itself", async () => {
  hub.small = true;
  const fetched = await ask();
  expect(readlinkSync(fetched.path)).toContain(gitHash(content));
});

test("a repository that was moved is followed", async () => {
  hub.moved.set("old/name", repo);
  const fetched = await ask({ repo: "old/name", token: "hf_secret" });
  expectContent(fetched.path);
  expect(fetched.path).toContain("models--old--name");
  expect(hub.requests[1]).toBe(`HEAD ${path}/main/${file} +token`);
});

test("what is in the cache is asked for, and not downloaded again", async () => {
  await ask();
  hub.requests.length = 0;
  expect(await ask()).toMatchObject({ notes: [] });
  expect(hub.requests).toEqual([`HEAD ${path}/main/${file}`]);
});

test("a commit that is in the cache is not even asked for", async () => {
  await ask({ revision: hub.commit });
  hub.requests.length = 0;
  expect(await ask({ revision: hub.commit })).toMatchObject({ commit: hub.commit, notes: [] });
  expect(hub.requests).toEqual([]);
  expect(existsSync(join(folder, "refs"))).toBe(false);
});

test("when the revision moves and the content does not, only the link is new", async () => {
  const before = await ask();
  hub.commit = "d".repeat(40);
  hub.requests.length = 0;
  const after = await ask();
  expect(after.path).not.toBe(before.path);
  expectContent(after.path);
  expect(readFileSync(join(folder, "refs", "main"), "utf8")).toBe(hub.commit);
  expect(hub.requests).toEqual([`HEAD ${path}/main/${file}`]);
});

test("a cached file of another size is damaged, and replaced", async () => {
  const { path } = await ask();
  writeFileSync(join(folder, "blobs", sha256(content)), "short");
  await ask();
  expectContent(path);
});

test("offline the cache is used and that is said; what is not there is asked for in words", async () => {
  const error = await errorOf({ offline: true });
  expect(error).toBeInstanceOf(UsageError);
  expect(error.message).toContain("HF_HUB_OFFLINE is set");
  expect(error.message).toContain(`${hub.endpoint}${path}/main/${file}`);
  expect(error.message).toContain("--weights resnet50.tv_in1k.safetensors");
  expect(hub.requests).toEqual([]);
  await ask();
  expect((await ask({ offline: true })).notes).toEqual([
    `${repo} is taken from the cache, as of commit ccccccc: HF_HUB_OFFLINE is set`,
  ]);
});

test("a hub that is away is tried a few times, and not at all if the cache has the file", async () => {
  await hub.close();
  const waits: string[] = [];
  const error = await errorOf({ onProgress: ({ waiting }) => waits.push(waiting ?? "") });
  expect(error).not.toBeInstanceOf(UsageError);
  expect(error.message).toContain("ECONNREFUSED");
  expect(waits).toHaveLength(2);
  expect(waits[0]).toMatch(/ECONNREFUSED.*; trying again in 1 s/);
  mkdirSync(join(folder, "refs"), { recursive: true });
  writeFileSync(join(folder, "refs", "main"), hub.commit);
  mkdirSync(join(folder, "snapshots", hub.commit), { recursive: true });
  writeFileSync(join(folder, "snapshots", hub.commit, file), "as Python left it");
  const { notes } = await ask({ onProgress: ({ waiting }) => waits.push(waiting ?? "") });
  expect(notes[0]).toContain("ECONNREFUSED");
  expect(waits).toHaveLength(2);
});

test.each([
  [401, UsageError, "HF_TOKEN"],
  [403, UsageError, "accept the terms"],
  [404, UsageError, "no such repository"],
  [410, UsageError, "status 410"],
])("status %i is final", async (status, kind, message) => {
  hub.faults.push({ on: "HEAD", status });
  const error = await errorOf();
  expect(error).toBeInstanceOf(kind);
  expect(error.message).toContain(message);
  expect(error.message).toContain("By hand: download");
  expect(hub.requests).toHaveLength(1);
});

test("the hub's own words are passed on", async () => {
  expect((await errorOf({ repo: "timm/nothing" })).message).toContain("status 401: Invalid username");
  expect((await errorOf({ file: "other.bin" })).message).toContain("status 404: Entry not found");
});

test.each([
  [{ status: 503 }, 0],
  [{ status: 500 }, 0],
  [{ status: 429, headers: { "retry-after": "1" } }, 900],
  [{ status: 429, headers: { ratelimit: '"resolvers";r=0;t=1' } }, 900],
])("%j passes", async (fault, atLeast) => {
  hub.faults.push({ on: "HEAD", ...fault });
  const started = performance.now();
  expect(await ask()).toMatchObject({ notes: [] });
  expect(performance.now() - started).toBeGreaterThanOrEqual(atLeast);
});

test("a hub that stays limited, or asks for an hour, is given up", async () => {
  for (let i = 0; i < 3; i++) hub.faults.push({ on: "HEAD", status: 429 });
  const error = await errorOf();
  expect(error).not.toBeInstanceOf(UsageError);
  expect(error.message).toContain("too many requests");
  hub.faults.push({ on: "HEAD", status: 503, headers: { "retry-after": "3600" } });
  expect((await errorOf()).message).toContain("status 503");
});

test.each([[{ hash: "../../../etc/passwd" }], [{ hash: "abc" }], [{ commit: "main" }], [{ commit: "" }]])(
  "a server that states %j is no hub",
  async (stated) => {
    hub.stated = stated;
    expect((await errorOf()).message).toContain("does not answer like the Hugging Face hub");
    expect(readdirSync(cache)).toEqual([]);
  },
);

test("redirects in a circle end", async () => {
  hub.moved.set("a/b", "a/b");
  expect((await errorOf({ repo: "a/b" })).message).toContain("redirected too many times");
});

test("a folder that cannot be made is named", async () => {
  writeFileSync(join(cache, "file"), "");
  expect((await errorOf({ cache: join(cache, "file") })).message).toContain("ENOTDIR");
});

test("if links cannot be made the file is copied", () => {
  const blob = join(cache, "blob");
  const link = join(cache, "deep", "er", "link");
  writeFileSync(blob, "content");
  linkToBlob(blob, link, () => {
    throw Object.assign(new Error("not permitted"), { code: "EPERM" });
  });
  expect(lstatSync(link).isSymbolicLink()).toBe(false);
  expect(readFileSync(link, "utf8")).toBe("content");
  expect(readdirSync(join(cache, "deep", "er"))).toEqual(["link"]);
});
