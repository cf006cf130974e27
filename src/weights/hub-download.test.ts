import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type StandIn, sha256, startHub } from "../../test/support/hub.ts";
import { VultusError } from "../util/errors.ts";
import { fetchFromHub, type HubRequest } from "./hub.node.ts";

const content = Uint8Array.from({ length: 1_000_000 }, (_, i) => (i * 7919) >> 5);
const source = { repo: "timm/some.tv_in1k", revision: "main", file: "model.safetensors" };
const name = sha256(content);
const patience = { stall: 5000, tries: 3, backoff: 1 };
/** Long enough for a busy machine to go on in. */
const impatience = { ...patience, stall: 1500 };

let hub: StandIn;
let cache: string;
let blobs: string;

beforeEach(async () => {
  hub = await startHub(source.repo, source.file, content);
  cache = mkdtempSync(join(tmpdir(), "vultus-download-"));
  blobs = join(cache, "models--timm--some.tv_in1k", "blobs");
});
afterEach(async () => {
  await hub.close();
  rmSync(cache, { recursive: true });
});

const ask = (more: Partial<HubRequest> = {}) =>
  fetchFromHub({
    ...source,
    ...{ cache, endpoint: hub.endpoint, offline: false, fetch },
    patience,
    ...more,
  });

async function expectContent(more: Partial<HubRequest> = {}): Promise<void> {
  const { path } = await ask(more);
  expect(Buffer.compare(readFileSync(path), content)).toBe(0);
  expect(readdirSync(blobs)).toEqual([name]);
}

async function messageOfFailure(more: Partial<HubRequest> = {}): Promise<string> {
  const error: unknown = await ask(more).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(error).toBeInstanceOf(VultusError);
  return (error as VultusError).message;
}

/** The requests for content, as the ranges that they asked for. */
const ranges = (): string[] =>
  hub.requests.filter((line) => line.startsWith("content")).map((line) => line.slice(8));

/** Above every process number of Linux. */
const NOBODY = 2 ** 22 + 1;

/** Where a process keeps the part that it has. */
function partOf(owner: number): string {
  mkdirSync(blobs, { recursive: true });
  return join(blobs, `${name}.${hostname().replaceAll(/[^\w-]/g, "-")}.${owner}.0.incomplete`);
}

/** Puts a part that an earlier process left into the cache. */
function leave(part: Uint8Array, owner = NOBODY): string {
  const path = partOf(owner);
  writeFileSync(path, part);
  return path;
}

test("a dropped connection is taken up where it broke, however often", async () => {
  for (let i = 0; i < 6; i++) hub.faults.push({ on: "content", cut: 100_000 });
  const waits: string[] = [];
  await expectContent({ onProgress: ({ waiting }) => waiting && waits.push(waiting) });
  expect(ranges()).toHaveLength(7);
  expect(ranges()[0]).toBe("");
  for (const range of ranges().slice(1)) expect(range).toMatch(/^bytes=\d+-$/);
  expect(waits).toHaveLength(6);
});

test("a stalled connection is dropped and taken up", async () => {
  hub.faults.push({ on: "content", stall: 200_000 });
  const waits: string[] = [];
  await expectContent({
    patience: impatience,
    onProgress: ({ waiting }) => waiting && waits.push(waiting),
  });
  expect(waits[0]).toContain("nothing arrived for 1.5 s");
  expect(ranges()).toEqual(["", "bytes=200000-"]);
});

test("a server that ignores ranges sends everything again", async () => {
  hub.faults.push({ on: "content", cut: 500_000 }, { on: "content", ignoreRange: true });
  await expectContent();
  expect(ranges()[1]).toMatch(/^bytes=/);
});

test("another part than the one that was asked for is not appended", async () => {
  leave(content.subarray(0, 500_000));
  const shifted: HubRequest["fetch"] = async (url, init) => {
    const response = await fetch(url, init);
    if (response.status !== 206) return response;
    const headers = { "content-range": "bytes 499999-999998/1000000" };
    return new Response(response.body, { status: 206, headers });
  };
  expect(await messageOfFailure({ fetch: shifted })).toContain("requested bytes from 500000 on");
  await expectContent();
  expect(ranges()).toEqual(Array(4).fill("bytes=500000-"));
});

test("5xx, 429 and an expired address in the middle are tried again", async () => {
  hub.faults.push(
    { on: "content", cut: 300_000 },
    { on: "content", status: 503 },
    { on: "GET", status: 429, headers: { "retry-after": "0" } },
  );
  await expectContent();
});

test("what arrived is kept when it is given up, and the next time goes on from there", async () => {
  hub.faults.push({ on: "content", stall: 400_000 });
  for (let i = 0; i < 3; i++) hub.faults.push({ on: "content", status: 500 });
  const message = await messageOfFailure({ patience: impatience });
  expect(message).toContain("status 500");
  expect(message).toContain("0.4 of 1.0 MB are kept, and the next attempt continues from there");
  expect(message).toContain("--weights some.tv_in1k.safetensors");
  expect(existsSync(join(cache, "models--timm--some.tv_in1k", "refs"))).toBe(false);
  hub.faults.length = 0;
  hub.requests.length = 0;
  await expectContent();
  expect(ranges()).toEqual(["bytes=400000-"]);
});

test("Ctrl-C stops at once and keeps what arrived", async () => {
  const stop = new AbortController();
  hub.pause = 20;
  const message = await messageOfFailure({
    signal: stop.signal,
    onProgress: ({ bytes }) => bytes > 200_000 && stop.abort(),
  });
  expect(message).toMatch(/it was stopped; 0\.\d of 1\.0 MB are kept/);
  hub.requests.length = 0;
  await expectContent();
  expect(ranges()[0]).toMatch(/^bytes=\d+-$/);
  expect(await messageOfFailure({ signal: AbortSignal.abort(), cache: `${cache}/other` })).toContain(
    "it was stopped",
  );
});

test("a wrong content is refused, and nothing of it stays", async () => {
  const wrong = content.map((byte, i) => (i === 777_777 ? byte ^ 1 : byte));
  hub.faults.push({ on: "content", content: wrong });
  const message = await messageOfFailure();
  expect(message).toContain(`its hash is ${sha256(wrong)}, but the hub states ${name}`);
  expect(readdirSync(blobs)).toEqual([]);
  await expectContent();
});

test("a damaged part of an earlier process is noticed, and everything fetched anew", async () => {
  leave(new Uint8Array(500_000));
  await expectContent();
  expect(ranges()).toEqual(["bytes=500000-", ""]);
});

test("a part that is longer than the file is begun anew; a whole one needs no request", async () => {
  leave(new Uint8Array(1_500_000));
  await expectContent();
  expect(ranges()).toEqual([""]);
  rmSync(join(cache, "models--timm--some.tv_in1k"), { recursive: true });
  hub.requests.length = 0;
  leave(content);
  await expectContent();
  expect(ranges()).toEqual([]);
});

test("of several parts the longest is taken, and the others go", async () => {
  leave(content.subarray(0, 600_000), NOBODY);
  leave(content.subarray(0, 100_000), NOBODY + 1);
  await expectContent();
  expect(ranges()).toEqual(["bytes=600000-"]);
});

test("the part of a process that lives, of another host or of Python is let alone", async () => {
  const living = leave(content.subarray(0, 1000), process.ppid);
  const python = join(blobs, `${name}.incomplete`);
  const elsewhere = join(blobs, `${name}.elsewhere.1.0.incomplete`);
  writeFileSync(python, "p");
  writeFileSync(elsewhere, "e");
  await ask();
  expect(ranges()).toEqual([""]);
  expect([living, python, elsewhere].every((path) => existsSync(path))).toBe(true);
});

test("fewer bytes than stated are noticed, and more", async () => {
  hub.stated = { size: 1_000_001 };
  expect(await messageOfFailure()).toMatch(/status 416/);
  hub.stated = { size: 999_999 };
  expect(await messageOfFailure()).toContain("the server sends more than the 999999 bytes");
});

test.skipIf(process.platform !== "linux")("a full disk is reported as such", async () => {
  symlinkSync("/dev/full", partOf(NOBODY));
  expect(await messageOfFailure()).toMatch(/could not be written: ENOSPC.*free some space/);
});

test("many downloads at once do not disturb each other", async () => {
  hub.pause = 2;
  const fetched = await Promise.all([ask(), ask(), ask(), ask()]);
  for (const { path } of fetched) expect(Buffer.compare(readFileSync(path), content)).toBe(0);
  expect(readdirSync(blobs)).toEqual([name]);
});

/** Runs a download in a process of its own. */
function fetchElsewhere(): ChildProcess {
  const module = fileURLToPath(new URL("hub.node.ts", import.meta.url));
  const request = JSON.stringify({ ...source, cache, endpoint: hub.endpoint, offline: false });
  const code = `import { fetchFromHub } from ${JSON.stringify(module)};
    await fetchFromHub({ ...${request}, fetch, onProgress: ({ bytes }) => console.log(bytes) });`;
  return spawn(process.execPath, ["--import", "tsx", "--input-type=module", "-e", code], {
    stdio: ["ignore", "pipe", "inherit"],
  });
}

test("a process that is killed leaves a part, and the next one goes on from there", async () => {
  hub.pause = 20;
  const child = fetchElsewhere();
  child.stdout?.on("data", (data: Buffer) => {
    if (
      data
        .toString()
        .split("\n")
        .some((line) => Number(line) > 300_000)
    )
      child.kill("SIGKILL");
  });
  const [, signal] = await once(child, "exit");
  expect(signal).toBe("SIGKILL");
  hub.pause = 0;
  hub.requests.length = 0;
  await expectContent();
  const [range] = ranges();
  expect(Number(/^bytes=(\d+)-$/.exec(range as string)?.[1])).toBeGreaterThan(300_000);
});

test("two processes download the same file at once", async () => {
  hub.pause = 20;
  const children = [fetchElsewhere(), fetchElsewhere()];
  const codes = await Promise.all(children.map(async (child) => (await once(child, "exit"))[0] as number));
  expect(codes).toEqual([0, 0]);
  hub.requests.length = 0;
  await expectContent();
  expect(ranges()).toEqual([]);
});
