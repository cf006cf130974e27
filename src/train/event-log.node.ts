/** Writes the events of a run to `events.jsonl`, one JSON document a line. */

import { appendJsonLine } from "../formats/json-lines.node.ts";
import type { Listener } from "./events.ts";

export function eventLog(path: () => string): Listener {
  const write = (event: string, data: object): void =>
    appendJsonLine(path(), { time: new Date().toISOString(), event, ...data });
  return {
    note: (data) => write("note", data),
    phaseStart: ({ phase }) => write("phaseStart", { phase: phase.name }),
    forecast: ({ phase, ...data }) => write("forecast", { phase: phase.name, ...data }),
    epochEnd: ({ record, improved, steps }) => write("epochEnd", { ...record, improved, steps }),
    phaseEnd: ({ record, reason }) => write("phaseEnd", { ...record, reason }),
    interrupted: () => write("interrupted", {}),
  };
}
