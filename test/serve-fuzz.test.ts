/** A few hundred fuzzed requests to the service; `bench/serve-fuzz.ts` sends any number. */

import { expect, test } from "vitest";
import { clearFace } from "./support/composites.ts";
import { fuzzService } from "./support/serve-fuzz.ts";

const REQUESTS = 300;

test(`${REQUESTS} fuzzed requests`, { timeout: 300_000 }, async () => {
  const report = await fuzzService({
    seed: 3,
    requests: REQUESTS,
    face: clearFace,
  });
  expect(report.faults).toEqual([]);
  expect(report.filesTouched).toEqual([]);
  expect(report.bytesToDisk).toBe(0);
  const [before, after] = report.openFiles;
  expect(after).toBeLessThanOrEqual(before + 4);
  // All kinds occur; valid requests are answered, damaged ones are refused.
  const all = Object.values(report.statuses).flatMap((counts) => Object.keys(counts));
  for (const status of ["200", "400", "404", "413", "415", "422"]) expect(all).toContain(status);
});
