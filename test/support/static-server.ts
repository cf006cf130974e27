/** A static file server with minimal features, on a free port of this machine. */

import { createReadStream, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
  ".wasm": "application/wasm",
  ".onnx": "application/octet-stream",
};

export interface StaticServer {
  /** Ends in a slash. */
  readonly address: string;
  /** Requested paths, in order. */
  readonly asked: readonly string[];
  close(): void;
}

export interface StaticServerSettings {
  /** The path below which the folder is served. */
  readonly path?: string;
  /** The file at `path` itself. */
  readonly entry?: string;
  /** Sends the headers that browsers require for threads. */
  readonly isolated?: boolean;
  /** Sends the header that allows pages of other hosts to use the files. */
  readonly cors?: boolean;
  /** Default: any port that is free. */
  readonly port?: number;
  /** Handles requests for anything but files. @returns whether it did. */
  readonly answer?: (request: IncomingMessage, response: ServerResponse) => boolean;
}

/** Serves the files of `folder`. */
export async function serveFolder(
  folder: string,
  {
    path = "/",
    entry = "index.html",
    isolated = false,
    cors = false,
    port: wanted = 0,
    answer,
  }: StaticServerSettings = {},
): Promise<StaticServer> {
  const asked: string[] = [];
  const isolation = {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
  };
  const server = createServer((request, response) => {
    const pathname = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    asked.push(pathname);
    if (answer?.(request, response)) return;
    const inside = pathname.startsWith(path) ? normalize(pathname.slice(path.length) || entry) : "..";
    const file = join(folder, inside);
    const found = inside.startsWith("..") ? undefined : statSync(file, { throwIfNoEntry: false });
    if (!found?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": types[extname(file)] ?? "application/octet-stream",
      "content-length": found.size,
      ...(isolated ? isolation : {}),
      ...(cors ? { "access-control-allow-origin": "*", "cross-origin-resource-policy": "cross-origin" } : {}),
    });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(wanted, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}${path}`,
    asked,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
