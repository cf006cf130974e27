/** HTTP byte by byte: what a client sends that no library would send, and what comes back. */

import { connect } from "node:net";

export interface Reply {
  /** Of the first answer; nothing if the service closed the connection without one, or said nothing in time. */
  readonly status?: number;
  readonly body: string;
  /** Why the exchange ended. */
  readonly end: "closed" | "answered" | "timeout" | "reset";
}

export interface Exchange {
  /** Milliseconds after which a silent service is left; by default longer than the service gives a request. */
  readonly patience?: number;
  /** Whether the client ends its side after the last byte. */
  readonly halfClose?: boolean;
  /** Cut the connection once so many bytes are sent, and wait for no answer. */
  readonly cutAfter?: number;
}

/** Sends bytes over a connection of their own and reads one answer. Never fails: whatever happens is a reply. */
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

/** The final answer at the start of what came, interim ones (1xx) passed over; nothing while its head is not whole. */
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

/** A request as bytes. Nothing is added: a body of a wrong length, or a header twice, is the caller's wish. */
export function rawRequest(
  start: string,
  headers: readonly (readonly [string, string])[],
  body: Uint8Array = new Uint8Array(),
): Buffer {
  const head = [start, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head, "latin1"), body]);
}
