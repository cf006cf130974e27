/** The watched runs with the current state of their logs, kept between requests so that only new lines are read. */

import { type RunEvent, runEventSchema } from "../../train/run-events.ts";
import { runPaths } from "../../train/run-folder.node.ts";
import { apply, bestEpoch, emptyRun, type RunState } from "../../train/run-state.ts";
import { type AboutReader, aboutReader } from "./about.ts";
import { cursorOf } from "./cursor.ts";
import { runFinder, type WatchedRun } from "./find.ts";
import type { About, RunList, RunSnapshot, RunSummary } from "./protocol.ts";
import { beginning, linesAfter, type Mark } from "./tail.ts";

export interface Book {
  list(): Promise<RunList>;
  /** Returns undefined if no run with this id is watched. */
  find(id: string): Promise<WatchedRun | undefined>;
  snapshot(run: WatchedRun): Promise<RunSnapshot>;
  about(run: WatchedRun): Promise<About>;
}

interface Page {
  readonly about: AboutReader;
  state: RunState;
  mark: Mark;
  /** The read in progress. Two at once would process an event twice. */
  reading: Promise<void>;
}

export function openBook(paths: readonly string[]): Book {
  const look = runFinder(paths);
  const pages = new Map<string, Page>();
  const pageOf = ({ folder }: WatchedRun): Page => {
    const known = pages.get(folder);
    if (known) return known;
    const page = {
      about: aboutReader(folder),
      state: emptyRun(),
      mark: beginning,
      reading: Promise.resolve(),
    };
    pages.set(folder, page);
    return page;
  };
  const upToDate = async (run: WatchedRun): Promise<Page> => {
    const page = pageOf(run);
    const read = (): Promise<void> => readOn(page, run);
    // An error is reported only to those who were waiting for it.
    page.reading = page.reading.then(read, read);
    await page.reading;
    return page;
  };
  return {
    async list() {
      const { runs, leftOut } = await look();
      const summaries: RunSummary[] = [];
      for (const run of runs) {
        const { state, about } = await upToDate(run);
        summaries.push(summaryOf(run, state, await about.read()));
      }
      return { runs: summaries, leftOut, now: Date.now() };
    },
    async find(id) {
      return (await look()).runs.find((run) => run.id === id);
    },
    async snapshot(run) {
      const { state, about, mark } = await upToDate(run);
      const found = await about.read();
      return { ...summaryOf(run, state, found), about: found, state, cursor: cursorOf([[run.id, mark]]) };
    },
    about: (run) => pageOf(run).about.read(),
  };
}

async function readOn(page: Page, { folder }: WatchedRun): Promise<void> {
  for (let more = true; more; ) {
    const tail = await linesAfter(runPaths(folder).events, page.mark);
    if (tail.restarted) page.state = emptyRun();
    for (const event of eventsOf(tail.lines)) apply(page.state, event);
    page.mark = tail.mark;
    more = tail.more;
  }
}

function summaryOf({ id, folder }: WatchedRun, state: RunState, { model, recipe }: About): RunSummary {
  const { ending, firstAt, lastAt } = state;
  const best = bestEpoch(state)?.validationAccuracy ?? undefined;
  return { id, folder, model, recipe, epochs: state.epochs.length, best, ending, firstAt, lastAt };
}

/** Parses the events of a log's lines; skips invalid ones and those of future versions. */
export function eventsOf(lines: readonly string[]): RunEvent[] {
  return lines.flatMap((line) => {
    try {
      return [runEventSchema.parse(JSON.parse(line))];
    } catch {
      return [];
    }
  });
}
