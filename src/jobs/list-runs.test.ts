import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { capture, printed, printedJson } from "../../test/support/printed.ts";
import { recordedEvents, writeRecordedRun } from "../../test/support/recorded-run.ts";
import { run } from "../cli/main.ts";
import { type ListedRun, listRuns, type RunOrder } from "./list-runs.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-list-runs-"));
const at = (...names: string[]): string => join(folder, ...names);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const HOUR = 3_600_000;
const now = Date.now();

/** Writes a run with its first `count` events, followed by `more`; the last event happened `ago` milliseconds ago. */
function write(name: string, count: number, ago: number, ...more: object[]): void {
  writeRecordedRun(at(name));
  const events = recordedEvents().slice(0, count);
  const shift = now - ago - Date.parse(events.at(-1)?.time ?? "");
  const moved = [...events, ...more.map((event) => ({ time: events.at(-1)?.time ?? "", ...event }))].map(
    (event) => ({ ...event, time: new Date(Date.parse(event.time) + shift).toISOString() }),
  );
  writeFileSync(at(name, "events.jsonl"), moved.map((event) => `${JSON.stringify(event)}\n`).join(""));
}

function evaluation(accuracy: number, nll: number): object {
  const interval = [accuracy - 0.05, accuracy + 0.05];
  const confusion = [
    [1, 0],
    [0, 1],
  ];
  return {
    n: 300,
    split: "validation",
    classes: ["happy", "sad"],
    confusion,
    accuracy,
    interval,
    majority: 0.5,
    nll,
  };
}

function environment(name: string, more: object): void {
  writeFileSync(at(name, "environment.json"), JSON.stringify({ device: "cpu", threads: 2, ...more }));
}

const all = recordedEvents().length;

beforeAll(() => {
  write("runs/finished", all, 2 * HOUR);
  environment("runs/finished", {
    data: ["/photos/b"],
    fingerprint: "f1",
    started: "2026-11-02T10:00:00.000Z",
  });
  writeFileSync(at("runs/finished/evaluation.json"), JSON.stringify(evaluation(0.66, 0.9)));
  write("runs/nested/better", all, HOUR);
  environment("runs/nested/better", {
    data: ["/photos/a"],
    fingerprint: "f2",
    started: "2026-11-01T10:00:00.000Z",
  });
  writeFileSync(at("runs/nested/better/evaluation.json"), JSON.stringify(evaluation(0.7, 1.2)));
  mkdirSync(at("runs/nested/faces/train/happy"), { recursive: true });
  write("runs/running", 60, 1000);
  write("runs/killed", 60, HOUR);
  write("runs/interrupted", 60, HOUR, { event: "interrupted" });
  write("runs/failed", 60, HOUR, { event: "failed", message: "the loss is not a number" });
  writeRecordedRun(at("runs/not-begun"));
  write("runs/damaged", all, HOUR);
  writeFileSync(at("runs/damaged/recipe.json"), '{"name": "torn');
  mkdirSync(at("runs/only-a-checkpoint/checkpoints"), { recursive: true });
  writeFileSync(at("runs/only-a-checkpoint/checkpoints/last.safetensors"), "");
  mkdirSync(at("empty"));
});

const names = (runs: readonly ListedRun[]): string[] =>
  runs.map(({ folder: path }) => path.slice(at("runs").length + 1));

test("every run and where it stands, in folders of folders too", async () => {
  const runs = await listRuns({ folder: at("runs"), sort: "name" });
  expect(names(runs)).toEqual([
    "damaged",
    "failed",
    "finished",
    "interrupted",
    "killed",
    "nested/better",
    "not-begun",
    "only-a-checkpoint",
    "running",
  ]);
  expect(runs.map(({ status }) => status)).toEqual([
    "damaged",
    "failed",
    "finished",
    "interrupted",
    "stopped",
    "finished",
    "not begun",
    "not begun",
    "running",
  ]);
  const [damaged, failed, finished, interrupted] = runs;
  expect(damaged?.reason).toMatch(/recipe\.json is not JSON/);
  expect(damaged?.best).toBeGreaterThan(0.5);
  expect(failed?.reason).toBe("the loss is not a number");
  expect(finished).toMatchObject({
    ...{ model: "squeezenet1_1", recipe: "finetune", inputSize: 48, data: ["/photos/b"], epochs: 9 },
    ...{ split: "validation", n: 300, accuracy: 0.66, pictures: { training: 2400, validation: 300 } },
    started: "2026-11-02T10:00:00.000Z",
  });
  expect(finished?.interval?.[0]).toBeCloseTo(0.61);
  expect(finished?.metrics?.nll).toBe(0.9);
  const events = recordedEvents();
  const [first, last] = [events[0], events.at(-1)].map((event) => Date.parse(event?.time ?? ""));
  expect(finished?.seconds).toBeCloseTo(((last ?? 0) - (first ?? 0)) / 1000);
  expect(interrupted?.accuracy).toBeUndefined();
  expect(interrupted?.epochs).toBeLessThan(9);
});

test.each([
  ["accuracy", ["nested/better", "finished"]],
  ["nll", ["finished", "nested/better"]],
  ["data", ["nested/better", "finished"]],
] as const)(
  "sorted by %s, what is not known comes last in both directions",
  async (sort: RunOrder, first) => {
    expect(names(await listRuns({ folder: at("runs"), sort })).slice(0, 2)).toEqual(first);
    const known = (await listRuns({ folder: at("runs"), sort, reverse: true })).filter(
      ({ data, accuracy }) => data.length > 0 && accuracy !== undefined,
    );
    expect(names(known)).toEqual([...first].reverse());
    if (sort === "nll")
      expect(names(await listRuns({ folder: at("runs"), sort, reverse: true }))[0]).toBe("nested/better");
  },
);

test("one run folder is a list of one, an empty folder of none", async () => {
  expect(names(await listRuns({ folder: at("runs", "finished") }))).toEqual(["finished"]);
  expect(await listRuns({ folder: at("empty") })).toEqual([]);
});

test("a folder that is missing, and an order that there is not", async () => {
  await expect(listRuns({ folder: at("missing") })).rejects.toThrow(/missing does not exist/);
  if (process.platform !== "win32") symlinkSync("loop", at("loop"));
  await expect(listRuns({ folder: at("loop") })).rejects.toThrow(/loop does not exist/);
  await expect(listRuns({ folder: at("runs"), sort: "acuracy" as RunOrder })).rejects.toThrow(
    /Did you mean "accuracy"\? Valid: started, accuracy/,
  );
});

test("vultus runs: a table, its hints, and JSON", async () => {
  expect(await run(["runs", at("runs"), "--sort", "nll"]), printed.err).toBe(0);
  const lines = printed.out.split("\n");
  expect(lines[0]).toMatch(
    /^run +status +accuracy +log loss +scored on +model +recipe +data +took +started$/,
  );
  expect(lines[1]).toMatch(
    /finished +finished +66\.0 % \(61\.0 to 71\.0\) +0\.9000 +300 validation +squeezenet1_1 +finetune +b +\d+ min \d+ s +2026-11-02 10:00$/,
  );
  expect(printed.out).toMatch(/^.*failed failed: the loss is not a number$/m);
  expect(printed.out).toMatch(/^.*damaged is damaged: .*recipe\.json is not JSON/m);
  expect(printed.out).toMatch(/^continue .*killed: `.* train --resume .*killed`$/m);
  expect(printed.out).toMatch(/not all scored on the same images/);
  const json = await printedJson<ListedRun[]>("runs", at("runs"));
  expect(json).toEqual(JSON.parse(JSON.stringify(await listRuns({ folder: at("runs") }))));
  expect(await run(["runs", at("runs"), "--sort", "speed"])).toBe(2);
  expect(printed.err).toMatch(/Allowed choices are started, accuracy/);
});

test("at 60 columns every cell stays whole", async () => {
  vi.stubEnv("COLUMNS", "60");
  process.chdir(folder);
  expect(await run(["runs"]), printed.err).toBe(0);
  vi.stubEnv("COLUMNS", undefined);
  const table = printed.out.split("\n\n")[0] ?? "";
  expect(table.split("\n").filter((line) => line.length > 60)).toEqual([]);
  expect(table).toContain("accuracy 66.0 % (61.0 to 71.0)");
});
