/** The record of an empty run, to be filled in. */

import type { RunRecord } from "../../src/report/run-record.ts";

export const emptyRun: RunRecord = {
  name: "nothing yet",
  folder: "runs/nothing yet",
  recipe: undefined,
  environment: undefined,
  history: [],
  phases: [],
  evaluation: undefined,
  predictions: [],
  data: undefined,
  audit: undefined,
  robustness: undefined,
  prior: undefined,
  damaged: [],
};
