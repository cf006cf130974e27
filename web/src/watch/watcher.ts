/** The page's data: the list of runs and the runs it follows, kept up to date across lost connections. */

import type { About, Beat, End, RunList, RunMessage } from "../../../src/server/runs/protocol.ts";
import { apply, emptyRun, type RunState } from "../../../src/train/run-state.ts";

export interface Followed {
  about: About | undefined;
  state: RunState;
  /** Increases with every message about the run. */
  version: number;
}

/** `over`: the server reported the end of the watched run, and is not contacted again. */
export type Link = "connecting" | "open" | "lost" | "over";

export interface Watcher {
  readonly list: RunList | undefined;
  readonly runs: ReadonlyMap<string, Followed>;
  readonly link: Link;
  /** When the connection was lost, by this machine's clock. */
  readonly lostAt: number | undefined;
  /** The server's clock, in milliseconds since 1970; it stands still while the connection is lost. */
  now(): number;
  /** Follows these runs from their last known position; keeps what is known of others. */
  follow(ids: readonly string[]): void;
  /** Connects immediately. */
  retry(): void;
}

const LIST_EVERY = 4000;
const LONGEST_WAIT = 10_000;
/** Heartbeats come every ten seconds; without one for longer than this, the connection is dead. */
const SILENCE = 25_000;

export function createWatcher(changed: () => void): Watcher {
  const runs = new Map<string, Followed>();
  /** The last position in each run's log, as the server wrote it. */
  const marks = new Map<string, string>();
  let list: RunList | undefined;
  let link: Link = "connecting";
  let lostAt: number | undefined;
  let ahead = 0;
  let followed: readonly string[] = [];
  let source: EventSource | undefined;
  let failures = 0;
  let attempt = 0;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  let silence: ReturnType<typeof setTimeout> | undefined;
  let polling: ReturnType<typeof setTimeout> | undefined;

  const become = (next: Link): void => {
    if (next === "lost" || next === "over") lostAt ??= Date.now();
    if (next === "open") lostAt = undefined;
    link = next;
    changed();
  };

  const runOf = (id: string): Followed => {
    const known = runs.get(id);
    if (known) return known;
    const run: Followed = { about: undefined, state: emptyRun(), version: 0 };
    runs.set(id, run);
    return run;
  };

  const lose = (): void => {
    hangUp();
    if (link === "over" || retrying !== undefined) return;
    become("lost");
    retrying = setTimeout(connect, Math.min(LONGEST_WAIT, 500 * 2 ** failures++));
  };

  const hangUp = (): void => {
    source?.close();
    source = undefined;
    for (const timer of [silence, polling, retrying]) clearTimeout(timer);
    retrying = undefined;
  };

  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(lose, SILENCE);
  };

  const take = ({ data, lastEventId }: MessageEvent<string>): void => {
    heard();
    const message = JSON.parse(data) as RunMessage;
    const run = runOf(message.run);
    if (message.about) run.about = message.about;
    if (message.restarted) run.state = emptyRun();
    for (const event of message.events ?? []) apply(run.state, event);
    run.version++;
    for (const mark of lastEventId.split(",")) marks.set(mark.slice(0, mark.lastIndexOf(":")), mark);
    changed();
  };

  const connect = (): void => {
    hangUp();
    const mine = ++attempt;
    void refresh().then((answered) => {
      // The runs to follow may have changed in the meantime.
      if (mine !== attempt) return;
      if (!answered) lose();
      else if (followed.length > 0) listen();
      else become("open");
    });
  };

  const listen = (): void => {
    const after = followed.flatMap((id) => marks.get(id) ?? []).join(",");
    source = new EventSource(`v1/runs/${followed.join(",")}/events?after=${after}`);
    // The browser's automatic reconnection gives up permanently at the first response that is not a stream.
    source.addEventListener("error", lose);
    source.addEventListener("message", take);
    source.addEventListener("beat", (event: MessageEvent<string>) => {
      heard();
      failures = 0;
      ahead = (JSON.parse(event.data) as Beat).now - Date.now();
      become("open");
    });
    source.addEventListener("end", (event: MessageEvent<string>) => {
      if ((JSON.parse(event.data) as End).over) become("over");
      lose();
    });
    heard();
  };

  /** Whether the server responded. */
  const refresh = async (): Promise<boolean> => {
    try {
      const response = await fetch("v1/runs");
      if (!response.ok) return false;
      list = (await response.json()) as RunList;
    } catch {
      return false;
    }
    ahead = list.now - Date.now();
    changed();
    clearTimeout(polling);
    polling = setTimeout(() => void refresh().then((answered) => answered || lose()), LIST_EVERY);
    return true;
  };

  addEventListener("online", () => link === "lost" && connect());
  connect();
  return {
    get list() {
      return list;
    },
    get link() {
      return link;
    },
    get lostAt() {
      return lostAt;
    },
    runs,
    now: () => (lostAt ?? Date.now()) + ahead,
    follow(ids) {
      if (ids.join() === followed.join()) return;
      followed = [...ids];
      connect();
    },
    retry() {
      if (link === "over") link = "connecting";
      failures = 0;
      connect();
      changed();
    },
  };
}
