/**
 * A stand-in for the Hugging Face hub and the host that it redirects to, including network faults. Python's
 * huggingface_hub 2.0.0 downloads from it too, by HF_ENDPOINT.
 */

import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What happens to one request instead of, or during, its normal response. */
export interface Fault {
  /** The requests that it applies to. */
  readonly on: "HEAD" | "GET" | "content";
  /** Responds with this status and these headers. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Destroys the connection after this many bytes of the content. */
  readonly cut?: number;
  /** Stops sending after this many bytes, and leaves the connection open. */
  readonly stall?: number;
  /** Sends everything, ignoring the range. */
  readonly ignoreRange?: boolean;
  /** Sends this in place of the content. */
  readonly content?: Uint8Array;
}

export interface StandIn {
  readonly endpoint: string;
  /** The host that serves the content, other than the hub, by name. */
  readonly contentHost: string;
  /** `HEAD /path`, `GET /path bytes=5-`, `content bytes=5- +token`, in order. */
  readonly requests: string[];
  /** Each is used up by the first matching request. */
  readonly faults: Fault[];
  commit: string;
  /** Old and new names of moved repositories. */
  readonly moved: Map<string, string>;
  /** Serves the file from the hub itself, as for small files. */
  small: boolean;
  /** The metadata that the hub reports for the file, if it is wrong. */
  stated: { hash?: string; size?: number; commit?: string };
  /** Milliseconds between pieces of 64 KiB. */
  pause: number;
  close(): Promise<void>;
}

export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** git's object name of a file's content. */
export const gitHash = (content: Uint8Array): string =>
  createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");

/** Serves `content` as the only file of the repository `repo`. */
export async function startHub(repo: string, file: string, content: Uint8Array): Promise<StandIn> {
  const hub = createServer((request, response) => answer(request, response));
  const contentHost = createServer((request, response) => void serve(request, response));
  const standIn: StandIn = {
    endpoint: await listen(hub),
    contentHost: await listen(contentHost, "localhost"),
    requests: [],
    faults: [],
    commit: "c".repeat(40),
    moved: new Map(),
    small: false,
    stated: {},
    pause: 0,
    close: async () => {
      await Promise.all([stop(hub), stop(contentHost)]);
    },
  };

  const fault = (...on: Fault["on"][]): Fault | undefined => {
    const index = standIn.faults.findIndex((fault) => on.includes(fault.on));
    return index < 0 ? undefined : standIn.faults.splice(index, 1)[0];
  };
  const log = (name: string, { headers }: IncomingMessage): void => {
    const token = headers.authorization ? " +token" : "";
    standIn.requests.push(`${name}${headers.range ? ` ${headers.range}` : ""}${token}`);
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = request.url ?? "";
    const method = request.method as "HEAD" | "GET";
    log(`${method} ${url}`, request);
    const refused = fault(method);
    if (refused) {
      response.writeHead(refused.status ?? 500, refused.headers).end();
      return;
    }
    const [, owner, name, , revision, ...rest] = url.split("/");
    const target = standIn.moved.get(`${owner}/${name}`);
    if (target) {
      response.writeHead(307, { location: url.replace(`/${owner}/${name}/`, `/${target}/`) }).end();
    } else if (`${owner}/${name}` !== repo) {
      // The hub does not reveal whether a private repository exists.
      response
        .writeHead(401, { "x-error-code": "RepoNotFound", "x-error-message": "Invalid username" })
        .end();
    } else if (rest.join("/") !== file || (revision !== "main" && revision !== standIn.commit)) {
      response
        .writeHead(404, { "x-error-code": "EntryNotFound", "x-error-message": "Entry not found" })
        .end();
    } else {
      const { hash = sha256(content), size = content.length, commit = standIn.commit } = standIn.stated;
      response.setHeader("x-repo-commit", commit);
      if (standIn.small) {
        response.setHeader("etag", `"${standIn.stated.hash ?? gitHash(content)}"`);
        if (method === "GET") void serve(request, response);
        else response.writeHead(200, { "content-length": size }).end();
      } else {
        const location = `${standIn.contentHost}/${hash}?signature=abc`;
        const headers = { location, etag: '"of-the-redirect"', "content-length": "0" };
        response
          .writeHead(302, { ...headers, "x-linked-etag": `"${hash}"`, "x-linked-size": `${size}` })
          .end();
      }
    }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    log("content", request);
    const { status, headers, cut, stall, ignoreRange, content: other } = fault("content") ?? {};
    if (status) {
      response.writeHead(status, headers).end();
      return;
    }
    const whole = other ?? content;
    const from = ignoreRange ? 0 : Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    if (from >= whole.length && from > 0) {
      response.writeHead(416, { "content-range": `bytes */${whole.length}` }).end();
      return;
    }
    const body = whole.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      "content-length": body.length,
      ...(from > 0 ? { "content-range": `bytes ${from}-${whole.length - 1}/${whole.length}` } : {}),
    });
    const end = Math.min(cut ?? stall ?? body.length, body.length);
    for (let sent = 0; sent < end && !response.destroyed; sent += 65536) {
      await new Promise((resolve) =>
        response.write(body.subarray(sent, Math.min(end, sent + 65536)), resolve),
      );
      if (standIn.pause > 0) await new Promise((resolve) => setTimeout(resolve, standIn.pause));
    }
    if (cut !== undefined) response.destroy();
    else if (stall === undefined) response.end();
  }

  return standIn;
}

/** A proxy that forwards plain HTTP; `passed` lists the forwarded requests. */
export async function startProxy(): Promise<{ url: string; passed: string[]; close(): Promise<void> }> {
  const passed: string[] = [];
  const server = createServer((request, response) => {
    passed.push(`${request.method} ${request.url}`);
    const { host: _, "proxy-connection": __, ...headers } = request.headers;
    fetch(request.url ?? "", {
      method: request.method ?? "GET",
      headers: headers as Record<string, string>,
      redirect: "manual",
    }).then(
      async (answer) => {
        response.writeHead(answer.status, Object.fromEntries(answer.headers));
        response.end(Buffer.from(await answer.arrayBuffer()));
      },
      () => response.writeHead(502).end(),
    );
  });
  return { url: await listen(server), passed, close: () => stop(server) };
}

async function listen(server: Server, host = "127.0.0.1"): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

async function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
