/** A client of server-sent events that reads one stream until it closes it. */

import type { RunMessage } from "../../src/server/runs/protocol.ts";

export interface Heard {
  readonly status: number;
  readonly type: string | null;
  /** Data of unnamed messages, in order. */
  readonly messages: RunMessage[];
  /** Names and data of the other messages. */
  readonly others: { readonly name: string; readonly data: unknown }[];
  /** Of the last message with an id. */
  readonly lastId: string;
  /** Settles when the stream ends. */
  readonly over: Promise<void>;
  leave(): void;
}

export async function hear(url: string, headers: Record<string, string> = {}): Promise<Heard> {
  const leaving = new AbortController();
  const response = await fetch(url, { headers, signal: leaving.signal });
  const messages: RunMessage[] = [];
  const others: Heard["others"] = [];
  let lastId = "";
  const take = (block: string): void => {
    const fields = new Map(block.split("\n").map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    const data = JSON.parse(fields.get("data") ?? "null") as unknown;
    lastId = fields.get("id") ?? lastId;
    const name = fields.get("event");
    if (name === undefined) messages.push(data as RunMessage);
    else others.push({ name, data });
  };
  const read = async (): Promise<void> => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>) {
      text += decoder.decode(bytes, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      blocks.forEach(take);
    }
  };
  const over = read().catch((error: unknown) => {
    if (!leaving.signal.aborted) throw error;
  });
  return {
    status: response.status,
    type: response.headers.get("content-type"),
    messages,
    others,
    get lastId() {
      return lastId;
    },
    over,
    leave: () => leaving.abort(),
  };
}
