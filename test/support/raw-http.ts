/** HTTP byte by byte: requests that no library would send, and their responses. */

import { connect } from "node:net";

export interface Reply {
  /** Of the first response; undefined if the service closed the connection without one, or sent nothing in time. */
  readonly status?: number;
  readonly body: string;
  /** Why the exchange ended. */
  readonly end: "closed" | "answered" | "timeout" | "reset";
}

export interface Exchange {
  /** Milliseconds to wait for a silent service; the default exceeds the service's timeout for a request. */
  readonly patience?: number;
  /** Whether the client half-closes the connection after the last byte. */
  readonly halfClose?: boolean;
  /** Cuts the connection after this many bytes, without waiting for a response. */
  readonly cutAfter?: number;
}

/** Sends bytes over a separate connection and reads one response. Never fails: whatever happens is a reply. */
export function exchange(port: number, bytes: Uint8Array, options: Exchange = {}): Promise<Reply> {
  const { patience = 45_000, halfClose = false, cutAfter } = options;
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let got = Buffer.alloc(0);
    const done = (end: Reply["end"]): void => {
      clearTimeout(timer);
      socket.destroy();
      const { status, body = "" } = parsed(got) ?? {};
      resolve({ ...(status === undefined ? {} : { status }), body, end });
    };
    const timer = setTimeout(done, patience, "timeout");
    socket.on("connect", () => {
      if (cutAfter !== undefined) {
        socket.write(bytes.subarray(0, cutAfter), () => done("closed"));
        return;
      }
      socket.write(bytes);
      if (halfClose) socket.end();
    });
    socket.on("data", (data) => {
      got = Buffer.concat([got, data]);
      if (parsed(got)?.complete) done("answered");
    });
    socket.on("error", () => done("reset"));
    socket.on("close", () => done("closed"));
  });
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly complete: boolean;
}

/** The final response at the start of the received bytes, skipping interim ones (1xx); undefined until its header is complete. */
function parsed(got: Buffer): Answer | undefined {
  const headEnd = got.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const head = got.toString("latin1", 0, headEnd);
  const rest = got.subarray(headEnd + 4);
  const status = Number(/^HTTP\/1\.[01] (\d{3})\b/.exec(head)?.[1]);
  if (status < 200 && status !== 101) return parsed(rest);
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length !== undefined)
    return {
      status,
      complete: rest.length >= Number(length),
      body: rest.toString("utf8", 0, Number(length)),
    };
  const chunked = /^transfer-encoding: *chunked/im.test(head);
  const body = rest.toString("utf8");
  return { status, complete: chunked ? body.endsWith("0\r\n\r\n") : [204, 304].includes(status), body };
}

/** A request as bytes. Nothing is added: a wrong body length or a repeated header is intentional. */
export function rawRequest(
  start: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array = new Uint8Array(),
): Buffer {
  const head = [start, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
