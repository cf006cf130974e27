/** The HTTP service on real sockets: clients that leave, stall or send garbage, dying workers, replaced models, and shutdown. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Picture } from "../src/data/dataset.ts";
import { TURNS } from "../src/server/service.ts";
import { cli } from "./support/cli.ts";
import { drawnFaces } from "./support/composites.ts";
import {
  bare,
  codeOf,
  holdTurns,
  liveWorkers,
  startService,
  type TestService,
  until,
} from "./support/service.ts";
import { smallArchitecture, writeClassifier } from "./support/small-classifier.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-sockets-"));
const at = (name: string): string => join(folder, name);
const file = at("model.safetensors");
const first = ["happy", "sad"];
const second = ["angry", "neutral", "surprise"];
let crop: Buffer;

beforeAll(async () => {
  writeClassifier(file, smallArchitecture(...first));
  writeClassifier(at("second.safetensors"), smallArchitecture(...second));
  const { pixels, width, height, channels } = drawnFaces(1)[0] as Picture;
  crop = await sharp(pixels, { raw: { width, height, channels } }).toColourspace("srgb").png().toBuffer();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Response {
  readonly status: number;
  readonly labels: string[];
  readonly code?: string;
  readonly version?: string;
}

const keptAlive = new Agent({ keepAlive: true });

/** Posts the crop. @throws if the connection is refused or cut. */
async function post({ app }: TestService, signal?: AbortSignal): Promise<Response> {
  const { port } = app.server.address() as { port: number };
  const sent = request({
    ...{ port, host: "127.0.0.1", method: "POST", path: "/v1/predict?detect=false", agent: keptAlive },
    headers: { "content-type": "image/png", "content-length": crop.length },
    ...(signal ? { signal } : {}),
  });
  sent.end(crop);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const part of response) text += String(part);
  const { code, model, predictions } = JSON.parse(text) as {
    code?: string;
    model?: { version: string };
    predictions?: { faces: { probabilities: object }[] }[];
  };
  const labels = Object.keys(predictions?.[0]?.faces[0]?.probabilities ?? {});
  return {
    status: response.statusCode ?? 0,
    labels,
    ...(code ? { code } : {}),
    ...(model ? { version: model.version } : {}),
  };
}

async function listening(settings: Parameters<typeof startService>[0] = {}): Promise<TestService> {
  const service = await startService({ model: file, ...settings });
  await service.listen(0);
  return service;
}

const head = (length: number, more = ""): string =>
  `POST /v1/predict?detect=false HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: ${length}\r\n${more}\r\n`;

describe("clients", () => {
  let service: TestService;
  beforeAll(async () => {
    service = await listening({ headersTimeout: 300, requestTimeout: 600 });
  });
  afterAll(() => service.close());
  const works = async (): Promise<void> => expect((await post(service)).status).toBe(200);

  test("that talk nonsense get a problem, and the next is served", async () => {
    expect(codeOf(await (await bare(service, "HELLO\r\n\r\n")).answer)).toBe("400 bad_http");
    expect(codeOf(await (await bare(service, "\x16\x03\x01\x02\x00\x01\x00")).answer)).toBe("400 bad_http");
    const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`;
    expect(codeOf(await (await bare(service, long)).answer)).toBe("431 header_too_large");
    const hostless = "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n";
    expect(codeOf(await (await bare(service, hostless)).answer)).toBe("400 bad_http");
    await works();
  });

  test("of HTTP/1.0 need not name the host, as probes of balancers do not", async () => {
    for (const path of ["/healthz", "/readyz"])
      expect(await (await bare(service, `GET ${path} HTTP/1.0\r\n\r\n`)).answer).toMatch(/^HTTP\/1.1 200 /);
  });

  test("that speak another protocol are told which, in the answer and in the log, and are counted", async () => {
    const before = await service.metric('vultus_problems_total{code="bad_http"}');
    const others: readonly (readonly [string, string])[] = [
      ["\x16\x03\x01\x02\x00\x01\x00", "TLS; the service speaks plain HTTP"],
      ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2; the service speaks HTTP/1.1"],
      ["PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", "the PROXY protocol"],
    ];
    for (const [bytes, protocol] of others) {
      const answer = await (await bare(service, bytes)).answer;
      expect(codeOf(answer)).toBe("400 bad_http");
      expect(answer).toContain(`the client speaks ${protocol}`);
      expect(JSON.stringify(service.lines.at(-1))).toContain(`the client speaks ${protocol}`);
    }
    expect(await service.metric('vultus_problems_total{code="bad_http"}')).toBe(before + others.length);
  });

  test("that are slow with the head or the body are cut off with a problem", async () => {
    const slow = await Promise.all([
      bare(service, "POST /v1/predict HTTP/1.1\r\nHost: loc"),
      bare(service, `${head(1000)}only a little`),
    ]);
    const answers = await Promise.all(slow.map(({ answer }) => answer));
    expect(answers.map(codeOf)).toEqual(["408 request_timeout", "408 request_timeout"]);
    await until(() => service.admission.heldBytes === 0, "the body is given back");
    await works();
  });

  test("that stall by the hundred do not keep others from being served", async () => {
    const stalled = await Promise.all(
      Array.from({ length: 300 }, (_, i) => bare(service, i % 2 ? "POST /v1/pre" : `${head(5000)}some`)),
    );
    await works();
    await Promise.all(stalled.map(({ answer }) => answer));
    await until(() => service.admission.heldBytes === 0, "their bytes are given back");
    await works();
  });

  test("that leave within the body, or with a body that is too short, leave nothing behind", async () => {
    const { socket } = await bare(service, head(crop.length));
    socket.write(crop.subarray(0, 100));
    await until(() => service.admission.heldBytes === 100, "a hundred bytes have come");
    socket.destroy();
    await until(() => service.admission.heldBytes === 0, "they are given back");
    const halfClosed = await bare(service, `${head(1000)}less`);
    halfClosed.socket.end();
    await halfClosed.answer;
    expect([service.admission.accepted, service.admission.heldBytes]).toEqual([0, 0]);
    await works();
  });

  test("that send more than they said are told that the rest is no request", async () => {
    const { socket, answer } = await bare(service, head(crop.length, "Connection: close\r\n"));
    socket.write(Buffer.concat([crop, Buffer.from("more")]));
    expect(codeOf(await answer)).toBe("400 bad_http");
    await works();
  });

  test("that send a body which is refused still read why", async () => {
    const { socket, answer } = await bare(service, head(30e6, "Connection: close\r\n"));
    socket.write(Buffer.alloc(100_000));
    expect(codeOf(await answer)).toBe("413 body_too_large");
    await works();
  });

  test("that leave while their image waits free its place at once", async () => {
    const release = await holdTurns(service, TURNS);
    const controller = new AbortController();
    const left = post(service, controller.signal);
    await until(() => service.admission.waiting === 1, "the image waits");
    controller.abort();
    await expect(left).rejects.toThrow();
    await until(() => service.admission.accepted === 0, "its place is free");
    expect(service.admission.waiting).toBe(0);
    release();
    expect(service.lines.at(-1)).toMatchObject({ status: 499 });
    await works();
  });
});

describe("workers", () => {
  const end = (worker: Worker): Promise<number> => worker.terminate();

  test("that die are replaced, and their work is done by the next", async () => {
    const before = new Set(liveWorkers);
    const service = await listening();
    const [worker] = [...liveWorkers].filter((one) => !before.has(one));
    const version = (await post(service)).version;
    const underWay = [post(service), post(service), post(service)];
    await until(() => service.admission.accepted > 0, "work is under way when it dies");
    await end(worker as Worker);
    expect((await Promise.all(underWay)).map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await post(service)).toMatchObject({ status: 200, labels: first, version });
    expect(await service.metric("vultus_workers_lost_total")).toBe(1);
    expect(service.lines.some(({ msg }) => msg === "worker died; replacing it")).toBe(true);
    await service.close();
    expect([...liveWorkers].filter((one) => !before.has(one))).toEqual([]);
  });

  test("that die again with the same request end it, and the one after is served", async () => {
    const before = new Set(liveWorkers);
    const service = await listening();
    const kill = (worker: Worker): void => void worker.once("online", () => void end(worker));
    process.on("worker", kill);
    await Promise.all([...liveWorkers].filter((one) => !before.has(one)).map(end));
    expect(await post(service)).toMatchObject({ status: 503, code: "worker_lost" });
    process.off("worker", kill);
    expect((await post(service)).status).toBe(200);
    await service.close();
  });
});

describe("the model's file", () => {
  test("may change under load: no request is lost, and each is answered by one model", async () => {
    const used = at("used.safetensors");
    cpSync(file, used);
    const before = new Set(liveWorkers);
    const service = await listening({ model: used, watchEvery: 20 });
    const responses: Response[] = [];
    let stop = false;
    const client = async (): Promise<void> => {
      while (!stop) responses.push(await post(service));
    };
    const clients = Array.from({ length: 4 }, client);
    await until(() => responses.length > 5, "the first model answers");
    cpSync(at("second.safetensors"), at("beside"));
    renameSync(at("beside"), used);
    await until(() => responses.at(-1)?.labels.length === 3, "the second model answers");
    stop = true;
    await Promise.all(clients);
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const versions = new Map(responses.map(({ version, labels }) => [version, labels]));
    expect([...versions.values()]).toEqual([first, second]);
    await until(() => liveWorkers.size === before.size + 1, "the first model's worker has ended");

    writeFileSync(used, "no model");
    await until(
      async () => (await service.metric('vultus_model_reloads_total{result="failed"}')) > 0,
      "it fails",
    );
    expect(await post(service)).toMatchObject({ status: 200, labels: second });
    expect(service.lines.find(({ result }) => result === "failed")?.reason).toContain("used.safetensors");
    expect((await service.app.inject("/readyz")).statusCode).toBe(200);
    await service.close();
    expect(liveWorkers.size).toBe(before.size);
  });
});

describe("the end", () => {
  test("finishes what was accepted and refuses what is new", async () => {
    const service = await listening();
    const release = await holdTurns(service, TURNS);
    const accepted = post(service);
    await until(() => service.admission.waiting === 1, "one request is accepted");
    const late = await bare(service, "GET /v1/model HTTP/1.1\r\nHost: loc");
    const probe = await bare(service, "GET /readyz HTTP/1.1\r\nHost: loc");
    // The service has received both when it begins to shut down.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closed = service.close();
    late.socket.write("alhost\r\n\r\n");
    probe.socket.write("alhost\r\n\r\n");
    expect(codeOf(await late.answer)).toBe("503 shutting_down");
    expect(codeOf(await probe.answer)).toBe("503 shutting_down");
    await expect(bare(service, "")).rejects.toThrow();
    release();
    expect((await accepted).status).toBe(200);
    await closed;
  });

  test("comes for those too who never finish", async () => {
    const service = await listening({ limits: { timeout: 200 } });
    const { answer } = await bare(service, `${head(1000)}never more`);
    await until(() => service.admission.heldBytes > 0, "the body has begun");
    await service.close();
    await answer;
  });
});

describe("the command", () => {
  const run = (...args: string[]) => {
    const child = spawn(process.execPath, [...cli, "serve", ...args]);
    let said = "";
    child.stderr.on("data", (data) => (said += String(data)));
    const exit = once(child, "exit").then(([code, signal]) => ({ code, signal, said }) as const);
    return { child, exit, said: () => said };
  };

  test("serves until it is told to stop, and ends well", async () => {
    const { child, exit, said } = run("--model", file, "--port", "0", "--workers", "1");
    await until(() => said().includes("is served at"), "it serves");
    const address = /http:\/\/127\.0\.0\.1:\d+/.exec(said())?.[0];
    const response = await fetch(`${address}/v1/predict`, {
      method: "POST",
      body: new Uint8Array(crop),
      headers: { "content-type": "image/png" },
    });
    expect(response.status).toBe(200);
    child.kill("SIGTERM");
    expect((await exit).code).toBe(0);
  });

  test("ends at once when it is signalled twice", async () => {
    const { child, exit, said } = run("--model", file, "--port", "0", "--workers", "1");
    await until(() => said().includes("is served at"), "it serves");
    const port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(said())?.[1]);
    const client = connect(port, "127.0.0.1").on("error", () => {});
    await once(client, "connect");
    client.write(`${head(1000)}never more`);
    // The client has begun to send the body when the signal arrives.
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill("SIGTERM");
    await until(() => said().includes("finishing"), "it finishes");
    child.kill("SIGTERM");
    // A shell reports 130.
    expect(await exit).toMatchObject({ code: null, signal: "SIGINT" });
    client.destroy();
  });

  test("reports what is wrong: the port, the model, the token, an origin", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    writeFileSync(at("short"), "abc\n");
    const results = await Promise.all(
      [
        ["--model", file, "--port", String(port)],
        ["--model", at("none")],
        ["--token-file", at("short")],
        ["--cors", "a.example"],
        ["--trust-proxy", "10.0.0.0/8,proxy"],
      ].map((args) => run(...args).exit),
    );
    taken.close();
    expect(results.map(({ code }) => code)).toEqual([2, expect.any(Number), 2, 2, 2]);
    expect(results[0]?.said).toContain(`port ${port} on 127.0.0.1 is already in use`);
    expect(results[1]?.said).toContain(at("none"));
    expect(results[2]?.said).toContain("has 3 characters");
    expect(results[3]?.said).toContain("--cors a.example is not an origin");
    expect(results[4]?.said).toContain("--trust-proxy proxy is not an address");
    for (const { said } of results) expect(said).not.toContain("    at ");
  });
});
