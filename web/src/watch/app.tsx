/** The whole page: the connection, the choice of runs, and the selected runs. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { RunSummary } from "../../../src/server/runs/protocol.ts";
import { Compare } from "./compare.tsx";
import { Run } from "./run.tsx";
import { createWatcher, type Link, type Watcher } from "./watcher.ts";
import { percent } from "./words.ts";

/** Maximum number of runs shown at a time. */
const MOST = 6;

export function App() {
  const [, redraw] = useState(0);
  const watcher = useWatcher(() => redraw((n) => n + 1));
  const [asked, ask] = useState<readonly string[]>(() => idsOf(location.hash));
  const known = watcher.list?.runs ?? [];
  const valid = asked.filter((id) => known.some((run) => run.id === id));
  const shown = valid.length > 0 ? valid : usual(known);
  useEffect(() => {
    if (shown.length > 0) watcher.follow(shown);
  }, [shown.join()]);
  useEffect(() => {
    const changed = (): void => ask(idsOf(location.hash));
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);
  const toggle = (id: string): void => {
    const next = shown.includes(id) ? shown.filter((one) => one !== id) : [...shown, id].slice(-MOST);
    history.replaceState(null, "", next.length > 0 ? `#${next.join(",")}` : location.pathname);
    ask(next);
  };
  const runs = shown.flatMap((id) => {
    const run = watcher.runs.get(id);
    return run ? [[id, run] as const] : [];
  });
  const now = watcher.now();
  return (
    <>
      <header class="page-head">
        <h1>Training</h1>
        <Connection link={watcher.link} lostAt={watcher.lostAt} retry={() => watcher.retry()} />
      </header>
      {known.length > 1 && (
        <Choice known={known} leftOut={watcher.list?.leftOut ?? 0} shown={shown} toggle={toggle} />
      )}
      <main class={`${runs.length > 1 ? "several" : ""} ${watcher.link}`}>
        {runs.length === 0 && (
          <p class="panel empty">
            {watcher.list ? "No runs yet. The page shows them as they start." : "Looking for runs …"}
          </p>
        )}
        {runs.length > 1 && <Compare runs={runs} now={now} />}
        <div class="runs">
          {runs.map(([id, run]) => (
            <Run key={id} id={id} run={run} now={now} />
          ))}
        </div>
      </main>
    </>
  );
}

/** Redrawn at most once per frame, and once per second for what depends only on the time. */
function useWatcher(redraw: () => void): Watcher {
  const watcher = useRef<Watcher | null>(null);
  const waiting = useRef(false);
  watcher.current ??= createWatcher(() => {
    if (waiting.current) return;
    waiting.current = true;
    requestAnimationFrame(() => {
      waiting.current = false;
      redraw();
    });
  });
  useEffect(() => {
    const ticking = setInterval(redraw, 1000);
    return () => clearInterval(ticking);
  }, []);
  return watcher.current;
}

function idsOf(hash: string): string[] {
  return [...new Set(decodeURIComponent(hash.slice(1)).split(",").filter(Boolean))].slice(0, MOST);
}

/** Those that are still training; if there are none, the newest. */
function usual(runs: readonly RunSummary[]): string[] {
  const newest = [...runs].sort((a, b) => (b.lastAt ?? Infinity) - (a.lastAt ?? Infinity));
  const training = newest.filter(
    ({ ending, lastAt }) => ending === undefined && (lastAt ?? Infinity) > Date.now() - 600_000,
  );
  const chosen = training.length > 0 ? training.slice(0, MOST) : newest.slice(0, 1);
  return chosen.map(({ id }) => id).sort();
}

interface ConnectionProps {
  readonly link: Link;
  readonly lostAt: number | undefined;
  readonly retry: () => void;
}

function Connection({ link, lostAt, retry }: ConnectionProps) {
  const words: Readonly<Record<Link, string>> = {
    connecting: "Connecting …",
    open: "Live",
    lost: `Connection lost${lostAt ? ` at ${new Date(lostAt).toLocaleTimeString()}` : ""}; trying again`,
    over: "The training has ended, and its page with it",
  };
  return (
    <div class={`connection ${link}`}>
      <p role="status">{words[link]}</p>
      {(link === "lost" || link === "over") && (
        <button type="button" class="button" onClick={retry}>
          Try now
        </button>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly known: readonly RunSummary[];
  readonly leftOut: number;
  readonly shown: readonly string[];
  readonly toggle: (id: string) => void;
}

function Choice({ known, leftOut, shown, toggle }: ChoiceProps) {
  return (
    <nav aria-label="Runs">
      <fieldset class="choice">
        <legend class="visually-hidden">Runs that are shown, up to {MOST}</legend>
        {known.map(({ id, folder, best, epochs }) => (
          <label key={id} title={folder}>
            <input type="checkbox" checked={shown.includes(id)} onChange={() => toggle(id)} />
            <span>{id}</span>
            <span class="muted number">{epochs > 0 ? percent(best) : "new"}</span>
          </label>
        ))}
        {leftOut > 0 && <p class="muted">and {leftOut} older ones</p>}
      </fieldset>
    </nav>
  );
}
