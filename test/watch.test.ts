/** Runs over HTTP: what is sent about them as they grow, to whom, and what is never sent. */

import { EventEmitter } from "node:events";
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { request, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import sharp from "sharp";
import { afterAll, afterEach, beforeEach, describe, expect, test } from "vitest";
import { run as vultus } from "../src/cli/main.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { createApp } from "../src/server/app.ts";
import { openBook } from "../src/server/runs/book.ts";
import type { RunList, RunSnapshot } from "../src/server/runs/protocol.ts";
import { type RunsSettings, runs } from "../src/server/runs/routes.ts";
import { startWatching } from "../src/server/runs/server.ts";
import { streamRuns } from "../src/server/runs/stream.ts";
import { type RunEvent, runEventSchema } from "../src/train/run-events.ts";
import { random } from "../src/util/random.ts";
import { type Heard, hear } from "./support/event-stream.ts";
import { bestBytes } from "./support/kill.ts";
import { capture, printed } from "./support/printed.ts";
import { lineOf, recordedEvents, writeRecordedRun } from "./support/recorded-run.ts";

const root = mkdtempSync(join(tmpdir(), "vultus-watch-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A server that polls its logs continuously; its address. */
async function serve(paths: readonly string[], settings: Partial<RunsSettings> = {}): Promise<string> {
  const app = createApp({ log: false });
  await app.register(runs, { paths, stream: { poll: 5, beat: 50 }, ...settings });
  ends.push(async () => {
    // Node's fetch keeps a spare connection after one that it aborted.
    const force = setTimeout(() => app.server.closeAllConnections(), 300);
    await app.close();
    clearTimeout(force);
  });
  return app.listen({ port: 0 });
}

async function listen(url: string, headers?: Record<string, string>): Promise<Heard> {
  const heard = await hear(url, headers);
  ends.push(() => heard.leave());
  return heard;
}

let made = 0;
/** A new run folder with only its recipe and its log. */
function newRun(name = `run-${made++}`): { folder: string; log: string } {
  const folder = join(root, name);
  writeRecordedRun(folder);
  return { folder, log: join(folder, "events.jsonl") };
}

async function until(holds: () => boolean, seconds = 20): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !holds(); ) {
    if (performance.now() > end) throw new Error(`not so within ${seconds} s: ${holds.toString()}`);
    await pause(5);
  }
}

const eventsIn = ({ messages }: Pick<Heard, "messages">): RunEvent[] =>
  messages.flatMap(({ events = [] }) => [...events]);
const get = async <T>(url: string): Promise<T> => (await (await fetch(url)).json()) as T;
/** As they are read back: fields that no page shows are left out. */
const readBack = (seed: number): RunEvent[] =>
  recordedEvents(seed).map((event) => runEventSchema.parse(event));
const events = readBack(1);

describe("a stream", () => {
  test("tells a growing log whole, once and in order, to a client that leaves and comes back at any moment", async () => {
    const { folder, log } = newRun("broken");
    const url = await serve([folder]);
    const bytes = Buffer.from(events.map(lineOf).join(""));
    const rng = random("reconnects");
    const told: RunEvent[] = [];
    let [written, cursor] = [0, ""];
    for (let round = 0; told.length < events.length; round++) {
      // By the header that a browser sends, or by the URL.
      const heard =
        round % 2 === 0
          ? await listen(`${url}/v1/runs/broken/events`, { "last-event-id": cursor })
          : await listen(`${url}/v1/runs/broken/events?after=${cursor}`);
      for (let pieces = rng.integer(4); pieces > 0; pieces--) {
        const piece = bytes.subarray(written, written + rng.integer(6000));
        appendFileSync(log, piece);
        written += piece.length;
        await pause(rng.integer(12));
      }
      heard.leave();
      await heard.over;
      told.push(...eventsIn(heard));
      cursor = heard.lastId || cursor;
      expect(round).toBeLessThan(100);
    }
    expect(told).toEqual(events);
  });

  test("goes on where it was after the server was started anew", async () => {
    const { folder, log } = newRun("restarted");
    writeFileSync(log, events.slice(0, 50).map(lineOf).join(""));
    const before = await listen(`${await serve([folder])}/v1/runs/restarted/events`);
    await until(() => eventsIn(before).length === 50);
    await ends.splice(0)[0]?.();
    await before.over;
    expect(before.others.at(-1)).toEqual({ name: "end", data: { over: false } });
    appendFileSync(log, events.slice(50).map(lineOf).join(""));
    const after = await listen(`${await serve([folder])}/v1/runs/restarted/events?after=${before.lastId}`);
    await until(() => eventsIn(after).length >= events.length - 50);
    expect(eventsIn(after)).toEqual(events.slice(50));
  });

  test("tells of a torn line that a resume cuts off, and begins again if the log was replaced", async () => {
    const { folder, log } = newRun("replaced");
    const whole = events.slice(0, 3).map(lineOf).join("");
    writeFileSync(log, `${whole}{"time":"20`);
    const heard = await listen(`${await serve([folder])}/v1/runs/replaced/events`);
    await until(() => eventsIn(heard).length === 3);
    truncateSync(log, whole.length);
    appendFileSync(log, lineOf(events[3] as RunEvent));
    await until(() => eventsIn(heard).length === 4);
    expect(heard.messages.some(({ restarted }) => restarted)).toBe(false);
    const others = readBack(2);
    writeFileSync(log, others.map(lineOf).join(""));
    await until(() => heard.messages.some(({ restarted }) => restarted));
    await until(() => eventsIn(heard).length === 4 + others.length);
    expect(eventsIn(heard).slice(4)).toEqual(others);
  });

  test("skips what is no event", async () => {
    const { folder, log } = newRun("odd");
    const odd = [
      "{",
      "null",
      "3",
      '{"event":"step"}',
      '{"event":"later","time":"2026-01-01T00:00:00Z"}',
      "é",
    ];
    writeFileSync(log, `${odd.join("\n")}\n${lineOf(events[0] as RunEvent)}`);
    const heard = await listen(`${await serve([folder])}/v1/runs/odd/events?after=odd:x,%00,odd:99999.zz`);
    await until(() => eventsIn(heard).length > 0);
    expect(eventsIn(heard)).toEqual([events[0]]);
  });

  test("tells several clients of several runs, each from where it stands; a run that begins later too", async () => {
    const folder = join(root, "several");
    const first = newRun("several/one");
    const second = newRun("several/two");
    writeFileSync(first.log, events.slice(0, 10).map(lineOf).join(""));
    const url = await serve([folder]);
    const clients = await Promise.all(
      Array.from({ length: 5 }, () => listen(`${url}/v1/runs/one,two/events`)),
    );
    await until(() => clients.every((client) => eventsIn(client).length === 10));
    writeFileSync(second.log, events.slice(0, 7).map(lineOf).join(""));
    await until(() => clients.every((client) => eventsIn(client).length === 17));
    const late = await listen(`${url}/v1/runs/one,two/events?after=${clients[0]?.lastId.split(",")[0]}`);
    await until(() => eventsIn(late).length === 7);
    expect(late.messages.filter(({ events: some }) => some).map(({ run }) => run)).toEqual(["two"]);
    newRun("several/three");
    const { runs: known } = await get<RunList>(`${url}/v1/runs`);
    expect(known.map(({ id, epochs }) => [id, epochs])).toEqual([
      ["one", 0],
      ["three", 0],
      ["two", 0],
    ]);
  });

  test("gives signs of life, and is over for the server when the client has left", async () => {
    const { folder } = newRun("lively");
    const url = await serve([folder], { mostStreams: 2 });
    const [first] = [
      await listen(`${url}/v1/runs/lively/events`),
      await listen(`${url}/v1/runs/lively/events`),
    ];
    expect([first?.status, first?.type]).toEqual([200, "text/event-stream; charset=utf-8"]);
    await until(() => (first?.others.length ?? 0) > 2);
    const refused = await fetch(`${url}/v1/runs/lively/events`);
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: "queue_full" }]);
    first?.leave();
    for (let status = 503; status !== 200; ) {
      const again = await listen(`${url}/v1/runs/lively/events`);
      ({ status } = again);
      await pause(10);
    }
  });

  test("reads no further for a client that does not take what was written", async () => {
    const { folder, log } = newRun("slow");
    writeFileSync(log, events.slice(0, 5).map(lineOf).join(""));
    const written: string[] = [];
    const response = Object.assign(new EventEmitter(), {
      write: (text: string) => written.push(text) < 0,
      end: () => {},
    });
    const book = openBook([folder]);
    const served = streamRuns(
      response as unknown as ServerResponse,
      ...([book, [{ id: "slow", folder }], "", new AbortController().signal, { poll: 1, beat: 10 }] as const),
    );
    await until(() => written.length === 1);
    await pause(50);
    expect(written).toHaveLength(1);
    response.emit("drain");
    await until(() => written.length === 2);
    expect(written[1]).toContain('"events":');
    response.emit("close");
    await served;
    expect(response.listenerCount("drain")).toBe(0);
  });
});

describe("what is sent", () => {
  test("a snapshot shows where a run stands, and its stream goes on from there", async () => {
    const { folder, log } = newRun("snap");
    writeFileSync(log, events.slice(0, 60).map(lineOf).join(""));
    const url = await serve([folder]);
    const snapshot = await get<RunSnapshot>(`${url}/v1/runs/snap`);
    expect(snapshot).toMatchObject({ id: "snap", model: "squeezenet1_1", epochs: 3, about: { threads: 2 } });
    expect(snapshot.best).toBeCloseTo(
      Math.max(...snapshot.state.epochs.map((e) => e.validationAccuracy ?? 0)),
    );
    appendFileSync(log, lineOf(events[60] as RunEvent));
    const heard = await listen(`${url}/v1/runs/snap/events?after=${snapshot.cursor}`);
    await until(() => eventsIn(heard).length > 0);
    expect(eventsIn(heard)).toEqual([events[60]]);
  });

  test("the watched images that the log names, and no other file", async () => {
    const { folder, log } = newRun("faces");
    const outside = join(root, "outside.webp");
    const picture = await sharp({ create: { width: 8, height: 8, channels: 3, background: "red" } })
      .webp()
      .toBuffer();
    writeFileSync(outside, picture);
    mkdirSync(join(folder, "watched"));
    for (const number of [0, 99]) writeFileSync(join(folder, "watched", `${number}.webp`), picture);
    symlinkSync(outside, join(folder, "watched", "1.webp"));
    writeFileSync(join(folder, "watched", "2.webp"), "no image");
    const url = await serve([folder]);
    const answer = async (path: string): Promise<[number, Buffer]> => {
      // fetch would resolve the dots itself.
      const { port } = new URL(url);
      return new Promise((resolve, reject) => {
        request({ port, path }, (response) => {
          const parts: Buffer[] = [];
          response.on("data", (part: Buffer) => parts.push(part));
          response.on("end", () => resolve([response.statusCode ?? 0, Buffer.concat(parts)]));
        })
          .on("error", reject)
          .end();
      });
    };
    // Nothing is shown before the log names it.
    expect((await answer("/v1/runs/faces/watched/0"))[0]).toBe(404);
    writeFileSync(log, lineOf(events[0] as RunEvent));
    expect(await answer("/v1/runs/faces/watched/0")).toEqual([200, picture]);
    const refused = [
      "1",
      "2",
      "3",
      "99",
      "-1",
      "0.webp",
      "..%2f..%2foutside",
      "../../recipe.json",
      "00000",
      "1e0",
      "%00",
    ];
    for (const number of refused)
      expect([number, (await answer(`/v1/runs/faces/watched/${number}`))[0]]).toEqual([number, 404]);
    for (const id of [
      "..",
      "%2e%2e",
      "..%2ffaces",
      root.replaceAll("/", "%2f"),
      ".",
      "faces%2f..",
      "__proto__",
    ])
      for (const rest of ["", "/events", "/watched/0"])
        expect([id, rest, (await answer(`/v1/runs/${id}${rest}`))[0]]).toEqual([id, rest, 404]);
  });

  test("nothing to a page of another origin, nor by another name of this machine", async () => {
    const { folder } = newRun("private");
    const server = await startWatching({ paths: [folder], host: "127.0.0.1", port: 0 });
    ends.push(() => server.close({ over: true }));
    const { port } = new URL(server.url);
    const status = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve) => {
        const asked = request({ port, path: "/v1/runs", headers }, (response) =>
          resolve(response.statusCode),
        );
        asked.end();
      });
    expect(await status({})).toBe(200);
    expect(await status({ host: "evil.example" })).toBe(403);
    expect(await status({ origin: "https://evil.example" })).toBe(403);
  });

  test("runs of one name are told apart, and too many are left out and counted", async () => {
    for (const place of ["x", "y"]) newRun(`${place}/same`);
    const url = await serve([join(root, "x"), join(root, "y", "same"), join(root, "x", "same")]);
    const { runs: known } = await get<RunList>(`${url}/v1/runs`);
    expect(known.map(({ id }) => id)).toEqual(["same", "same-2"]);
    const many = join(root, "many");
    for (let i = 0; i < 103; i++) mkdirSync(join(many, `r${i}`), { recursive: true });
    for (let i = 0; i < 103; i++) writeFileSync(join(many, `r${i}`, "events.jsonl"), "");
    const list = await get<RunList>(`${await serve([many])}/v1/runs`);
    expect([list.runs.length, list.leftOut]).toEqual([100, 3]);
  });

  test("the other runs, if the log of one cannot be read", async () => {
    const { log } = newRun("unread/bad");
    mkdirSync(log);
    writeFileSync(newRun("unread/good").log, lineOf(events[0] as RunEvent));
    const url = await serve([join(root, "unread")]);
    const known = async (): Promise<unknown> =>
      (await get<RunList>(`${url}/v1/runs`)).runs.map(({ id, firstAt }) => [id, firstAt !== undefined]);
    expect(await known()).toEqual([
      ["bad", false],
      ["good", true],
    ]);
    // The log starts after all.
    rmdirSync(log);
    writeFileSync(log, lineOf(events[0] as RunEvent));
    expect(await known()).toEqual([
      ["bad", true],
      ["good", true],
    ]);
  });
});

describe("the commands", () => {
  beforeEach(capture);
  const network = ["--model", "squeezenet1_1", "--weights", "random-frozen", "--input-size", "32"];
  const small = ["--recipe", "finetune", ...network];

  test("a training tells its page everything, says when it is over, and trains as without it", async () => {
    const data = join(root, "faces-data");
    await writeSyntheticFaces(data, { perClass: 6, validationPerClass: 3, seed: 1 });
    const out = join(root, "trained");
    const short = ["--set", "phases.0.epochs=1", "--set", "phases.1.epochs=1", "--batch-size", "8"];
    const machine = ["--device", "cpu", "--threads", "1"];
    const training = vultus(["train", data, ...small, ...short, ...machine, "--out", out, "--ui", "0"]);
    await until(() => /watch it at http/.test(printed.err), 60);
    const url = /watch it at (\S+)/.exec(printed.err)?.[1] ?? "";
    expect((await fetch(url)).status).toBe(200);
    const heard = await listen(`${url}/v1/runs/trained/events`);
    expect(await training, printed.err).toBe(0);
    await heard.over;
    expect(heard.others.at(-1)).toEqual({ name: "end", data: { over: true } });
    const told = eventsIn(heard);
    expect(told.map(({ event }) => event).filter((event) => event !== "step" && event !== "note")).toEqual([
      ...["start", "phaseStart", "features", "epochEnd", "phaseEnd"],
      ...["phaseStart", "epochEnd", "phaseEnd", "finished"],
    ]);
    for (const event of told) {
      if (event.event === "start") {
        expect(event.pictures).toEqual({ training: 36, validation: 18 });
        expect(event.watched.map(({ label }) => label)).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
      }
      if (event.event !== "epochEnd") continue;
      const { confusion = [], watched = [], validationAccuracy } = event;
      expect(confusion.flat().reduce((sum, n) => sum + n, 0)).toBe(18);
      expect(confusion.reduce((sum, row, i) => sum + (row[i] ?? 0), 0) / 18).toBeCloseTo(
        validationAccuracy ?? -1,
      );
      expect(watched).toHaveLength(12);
      for (const row of watched) expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 2);
    }
    const alone = join(root, "alone");
    expect(await vultus(["train", data, ...small, ...short, ...machine, "--out", alone])).toBe(0);
    expect(bestBytes(alone).equals(bestBytes(out))).toBe(true);
  });

  test("a training whose page has no port goes on, and one that fails reports it in its log", async () => {
    const { folder } = newRun("taken");
    const server = await startWatching({ paths: [folder], host: "127.0.0.1", port: 0 });
    ends.push(() => server.close({ over: true }));
    const { port } = new URL(server.url);
    const machine = ["--device", "cpu", "--threads", "1", "--batch-size", "8"];
    const training = ["train", join(root, "faces-data"), ...small, ...machine];
    expect(await vultus([...training, "--ui", port, "--out", join(root, "pageless")])).toBe(0);
    expect(printed.err).toContain(
      `training continues without its page: port ${port} on 127.0.0.1 is already in use`,
    );
    // It is refused because the folder belongs to another run, so it writes nothing there.
    expect(await vultus([...training, "--out", folder])).toBe(2);
    expect(printed.err).toContain("already contains a run");
    expect(await get<RunSnapshot>(`${server.url}/v1/runs/taken`)).toMatchObject({ epochs: 0 });
    const out = join(root, "diverged");
    const wild = [
      "--set",
      "phases.0.optimizer.learningRate=1e30",
      "--set",
      "phases.1.optimizer.learningRate=1e30",
    ];
    expect(await vultus([...training, ...wild, "--out", out])).toBe(1);
    const { state } = await get<RunSnapshot>(`${await serve([out])}/v1/runs/diverged`);
    expect([state.ending, state.failure]).toEqual(["failed", expect.stringContaining("the loss became")]);
  });

  test("watch refuses what cannot be watched", async () => {
    expect(await vultus(["watch", join(root, "no", "such")])).toBe(2);
    expect(printed.err).toContain("nor its parent folder exists");
    expect(await vultus(["watch", root, "--host", "203.0.113.7", "--port", "0"])).toBe(2);
    expect(printed.err).toContain("is not an address of this machine");
  });
});
