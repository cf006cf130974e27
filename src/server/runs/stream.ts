/**
 * A client's stream of server-sent events: all events of some runs, from the client's position on, as the logs grow.
 */

import type { ServerResponse } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { runPaths } from "../../train/run-folder.node.ts";
import { type Book, eventsOf } from "./book.ts";
import { cursorOf, marksOf } from "./cursor.ts";
import type { WatchedRun } from "./find.ts";
import type { About, Beat, End, RunMessage } from "./protocol.ts";
import { beginning, linesAfter } from "./tail.ts";

export interface StreamSettings {
  /** Milliseconds between two reads of the logs. */
  readonly poll: number;
  /** Milliseconds between two heartbeats. */
  readonly beat: number;
}

export const usualStream: StreamSettings = { poll: 500, beat: 10_000 };

/**
 * Returns when the client has disconnected, or after the last message once `closing` is aborted; its reason is that
 * message. Nothing is buffered for a slow client: its logs are read further only when it has received everything so
 * far.
 */
export async function streamRuns(
  response: ServerResponse,
  book: Book,
  runs: readonly WatchedRun[],
  cursor: string,
  closing: AbortSignal,
  { poll, beat }: StreamSettings = usualStream,
): Promise<void> {
  const left = new AbortController();
  response.once("close", () => left.abort());
  const marks = marksOf(cursor);
  const sent = new Map<string, About>();
  let beaten = Number.NEGATIVE_INFINITY;
  const gone = (): boolean => left.signal.aborted;
  const send = async (text: string): Promise<void> => {
    if (gone() || response.write(text)) return;
    await new Promise<void>((resolve) => {
      const go = (): void => {
        response.off("drain", go).off("close", go);
        resolve();
      };
      response.on("drain", go).on("close", go);
    });
  };
  const sendMessage = (message: RunMessage): Promise<void> => {
    const id = cursorOf(runs.map(({ id }) => [id, marks.get(id) ?? beginning]));
    return send(`id: ${id}\ndata: ${JSON.stringify(message)}\n\n`);
  };
  const look = async (run: WatchedRun): Promise<void> => {
    const about = await book.about(run);
    if (sent.get(run.id) !== about) await sendMessage({ run: run.id, about });
    sent.set(run.id, about);
    for (let more = true; more && !gone(); ) {
      const tail = await linesAfter(runPaths(run.folder).events, marks.get(run.id) ?? beginning);
      const events = eventsOf(tail.lines);
      marks.set(run.id, tail.mark);
      more = tail.more;
      if (events.length > 0 || tail.restarted)
        await sendMessage({ run: run.id, ...(tail.restarted && { restarted: true }), events });
    }
  };
  while (!gone()) {
    // Checked before reading, so that everything written before the end is sent.
    const last = closing.aborted;
    for (const run of runs) await look(run);
    if (last) break;
    if (performance.now() - beaten >= beat) {
      beaten = performance.now();
      await send(`event: beat\ndata: ${JSON.stringify({ now: Date.now() } satisfies Beat)}\n\n`);
    }
    await pause(poll, undefined, { signal: AbortSignal.any([left.signal, closing]) }).catch(() => {});
  }
  await send(`event: end\ndata: ${JSON.stringify(closing.reason as End)}\n\n`);
  response.end();
}
