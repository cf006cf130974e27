/** How a training begins, resumes and is extended: the checks before anything slow, and the record of a run. */

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { run } from "../src/cli/main.ts";
import { drawFace } from "../src/data/synthetic.ts";
import { type TrainEvent, type TrainOptions, train, UsageError, VultusError } from "../src/index.ts";
import { readRun } from "../src/report/run-record.ts";
import { readCheckpoint, runPaths } from "../src/train/run-folder.node.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-train start-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const faces = at("my faces");

const options = {
  data: faces,
  model: "vultus_s",
  recipe: "scratch",
  weights: "none",
  inputSize: 32,
  batchSize: 8,
  overrides: { "phases.all.epochs": 2 },
  device: "cpu",
  threads: 1,
} as const satisfies TrainOptions;

beforeAll(async () => {
  vi.stubEnv("HF_HUB_OFFLINE", "1");
  vi.stubEnv("HF_HUB_CACHE", at("no weights"));
  for (const label of ["happy", "neutral", "sad"] as const) {
    mkdirSync(join(faces, label), { recursive: true });
    for (let i = 0; i < 24; i++) {
      const { pixels, width, height, channels } = drawFace(label, i);
      await sharp(pixels, { raw: { width, height, channels } })
        .png()
        .toFile(join(faces, label, `${i}.png`));
    }
  }
}, 240_000);
beforeEach(capture);
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const best = (name: string): Buffer => readFileSync(at(name, "best.safetensors"));
const environmentOf = (name: string): Record<string, unknown> =>
  JSON.parse(readFileSync(at(name, "environment.json"), "utf8"));

/** Trains until the end of its first epoch, or to the end. */
async function begun(changes: Partial<TrainOptions>, interrupted = true): Promise<void> {
  const stop = new AbortController();
  const done = await train({
    ...options,
    ...changes,
    signal: stop.signal,
    onEvent: ({ type }) => interrupted && type === "epochEnd" && stop.abort(),
  });
  expect(done.interrupted).toBe(interrupted);
}

describe("what cannot work is refused before anything is measured, decoded or waited for", () => {
  /** The error of a training, and the events before it. */
  async function refused(changes: Partial<TrainOptions>) {
    const before = readdirSync(folder);
    const events: TrainEvent[] = [];
    const error = await train({ ...options, ...changes, onEvent: (event) => events.push(event) }).then(
      () => undefined,
      (reason: unknown) => reason as Error,
    );
    expect(readdirSync(folder)).toEqual(before);
    const slow = events.filter(({ type }) => ["budget", "model", "start", "progress"].includes(type));
    expect(slow).toEqual([]);
    return error;
  }

  test("weights that cannot be had, with a time budget", async () => {
    const error = await refused({
      ...{ model: "resnet18", recipe: "progressive", overrides: {}, weights: "imagenet" },
      ...{ timeBudget: "60s", out: at("a", "new") },
    });
    expect(error?.message).toMatch(/could not be fetched.*HF_HUB_OFFLINE/s);
  });

  test("a folder that is used already, whatever else is wrong", async () => {
    const error = await refused({
      model: "resnet18",
      recipe: "progressive",
      weights: "imagenet",
      overrides: {},
      out: faces,
    });
    expect(error).toBeInstanceOf(UsageError);
    expect(error?.message).toMatch(/my faces is not empty; give another folder with `out`/);
  });

  test.runIf(process.platform === "linux")("a folder that cannot be made", async () => {
    const error = await refused({ out: "/proc/x" });
    expect(error).toBeInstanceOf(VultusError);
    expect(error?.message).toBe("the folder /proc/x cannot be created: no such file or folder");
  });

  test("a time that is none, and a device that there is not", async () => {
    expect((await refused({ timeBudget: "soon", out: at("new") }))?.message).toMatch(/not a length of time/);
    expect((await refused({ device: "cuda", out: at("new") }))?.message).toMatch(/no cuda/);
  });
});

describe("a run that is resumed needs nothing but its folder", () => {
  const excluded = at("leave out.txt");
  const asked = {
    classes: ["sad", "happy"],
    exclude: excluded,
    validation: 0.25,
    test: 0.2,
    precision: "fp32",
  } as const;

  test("and goes on to the same bits: data, classes, splits, what is left out, threads", async () => {
    writeFileSync(excluded, "happy/3.png\nsad/4.png\n");
    await begun({ ...asked, out: at("whole") }, false);
    await begun({ ...asked, out: at("broken") });
    rmSync(excluded);
    expect(environmentOf("broken")).toMatchObject({
      data: [faces],
      request: { classes: ["sad", "happy"], validation: 0.25, test: 0.2 },
    });
    const resumed = await train({ resume: at("broken") });
    expect(resumed.interrupted).toBe(false);
    expect(best("broken").equals(best("whole"))).toBe(true);
    expect(resumed).toMatchObject({ evaluation: { split: "test", classes: ["sad", "happy"] } });
    expect(readRun(at("broken")).damaged).toEqual([]);
    expect(existsSync(at("broken", "training.lock"))).toBe(false);
  });

  test("on the command line too, as the message prints it", async () => {
    await begun({ out: at("stopped") });
    expect(await run(["train", "--resume", at("stopped")])).toBe(0);
    expect(printed.err).not.toMatch(/not bit-exact/);
  });

  test("unless its data has moved: then it reports where it was, and takes it from its new place", async () => {
    await begun({ out: at("moved") });
    renameSync(faces, at("elsewhere"));
    try {
      const attempt = train({ resume: at("moved") });
      await expect(attempt).rejects.toThrow(UsageError);
      await expect(attempt).rejects.toThrow(
        `was trained on ${faces}, which no longer exists; put it back, or resume the run once`,
      );
      expect((await train({ data: at("elsewhere"), resume: at("moved") })).interrupted).toBe(false);
      expect(environmentOf("moved")).toMatchObject({ data: [at("elsewhere")] });
      expect((await train({ resume: at("moved") })).interrupted).toBe(false);
    } finally {
      renameSync(at("elsewhere"), faces);
    }
  });

  test("and an older run is asked for its data", async () => {
    await begun({ out: at("older") });
    const { request, ...older } = environmentOf("older");
    expect(request).toEqual({});
    writeFileSync(at("older", "environment.json"), JSON.stringify(older));
    expect(await run(["train", "--resume", at("older")])).toBe(2);
    expect(printed.err).toContain("an older version of vultus started it");
    expect(printed.err).toContain(`train '${faces}' --resume '${at("older")}'`);
    expect((await train({ data: faces, resume: at("older") })).interrupted).toBe(false);
  });

  test("but the same run not twice at once", async () => {
    await begun({ out: at("twice") });
    const both = await Promise.allSettled([1, 2].map(() => train({ resume: at("twice") })));
    expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const { reason } = both.find(({ status }) => status === "rejected") as PromiseRejectedResult;
    expect((reason as Error).message).toMatch(/another training of this program writes to/);
  });

  test("and a folder that there is not is said to be missing", async () => {
    await expect(train({ resume: at("nothing") })).rejects.toThrow(
      `there is no run ${at("nothing")}: that folder does not exist`,
    );
  });

  test("no data and no run is a wrong request", async () => {
    expect(await run(["train"])).toBe(2);
    expect(printed.err).toMatch(/no data given; name a folder .* train photos\//);
  });
});

describe("a run that has ended is extended", () => {
  test("by epochs that go through the end of the longer schedule, with one history and one report", async () => {
    await begun({ out: at("short") }, false);
    const longer = await train({ resume: at("short"), extend: 2 });
    const { recipe, history, phases } = readRun(at("short"));
    expect(longer.history.map(({ phase, epoch }) => `${phase} ${epoch}`)).toEqual([
      ...["all 1", "all 2", "all-extended 1", "all-extended 2"],
    ]);
    expect(history.map(({ phase }) => phase)).toEqual(longer.history.map(({ phase }) => phase));
    expect(phases.map(({ name }) => name)).toEqual(["all", "all-extended"]);
    expect(recipe?.phases[1]).toMatchObject({ earlierEpochs: 2, epochs: 2, patience: 2 });
    expect(readFileSync(at("short", "report.html"), "utf8")).toContain("all-extended");
    // The same recipe from scratch is the same run.
    await begun({ recipe: join(at("short"), "recipe.json"), overrides: {}, out: at("at once") }, false);
    expect(best("at once").equals(best("short"))).toBe(true);
    const last = (name: string) => readCheckpoint(runPaths(at(name)).checkpoint).progress;
    expect(last("at once").history.map(({ trainLoss }) => trainLoss)).toEqual(
      last("short").history.map(({ trainLoss }) => trainLoss),
    );
    // Once more, with its original options.
    const again = await train({ ...options, resume: at("short"), extend: 1 });
    expect(again.history.at(-1)).toMatchObject({ phase: "all-extended-2", epoch: 1 });
    expect(readRun(at("short")).recipe?.phases[2]).toMatchObject({ earlierEpochs: 4, epochs: 1 });
  });

  test("which a resume of it alone suggests, since nothing is left to train", async () => {
    await begun({ out: at("ended") }, false);
    expect(await run(["train", "--resume", at("ended")])).toBe(0);
    expect(printed.err).toContain(`ended has finished: nothing is left to train`);
    expect(printed.err).toContain(`train --resume '${at("ended")}' --extend 5`);
    expect(printed.err).toMatch(/^scored in /m);
    expect(printed.err).not.toMatch(/^trained in /m);
  });

  test("or left as it was if there is no time for that", async () => {
    await begun({ out: at("no time") }, false);
    const files = () =>
      ["recipe.json", "events.jsonl", "best.onnx"].map((file) => readFileSync(at("no time", file)));
    const before = files();
    const late = train({ resume: at("no time"), extend: 2, timeBudget: 0.1 });
    await expect(late).rejects.toThrow(UsageError);
    await expect(late).rejects.toThrow(/time budget of 1 s is too short.*\(`timeBudget: "\d+s"`\)/);
    expect(files()).toEqual(before);
  });

  test("not before its end, and not without being named", async () => {
    await begun({ out: at("unfinished") });
    const early = train({ resume: at("unfinished"), extend: 2 });
    await expect(early).rejects.toThrow(UsageError);
    await expect(early).rejects.toThrow(
      /has not finished.*continue it first: train\(\{ resume: ".*unfinished" \}\)/,
    );
    await expect(train({ ...options, extend: 2 })).rejects.toThrow(/name it with `resume: "runs\/NAME"`/);
    expect(await run(["train", "--resume", at("unfinished"), "--extend", "0"])).toBe(2);
    for (const data of [[faces], []]) {
      printed.err = "";
      expect(await run(["train", ...data, "--extend", "2"])).toBe(2);
      expect(printed.err).toMatch(/--extend adds epochs to a finished run; name it with --resume runs\/NAME/);
    }
  });
});

test("a run in too little time ends in it, records what it trained, and the record trains the same again", async () => {
  const started = performance.now();
  const long = {
    ...options,
    weights: "none",
    overrides: { "phases.all.epochs": 100_000 },
    inputSize: 48,
  } as const;
  const done = await train({ ...long, timeBudget: 30, out: at("in time") });
  const seconds = (performance.now() - started) / 1000;
  expect(done.interrupted).toBe(false);
  expect(seconds).toBeLessThan(36);
  const { recipe } = readRun(at("in time"));
  expect(recipe?.phases[0]?.epochs).toBeLessThan(100_000);
  await begun(
    {
      recipe: join(at("in time"), "recipe.json"),
      weights: "none",
      inputSize: undefined,
      overrides: {},
      out: at("again"),
    },
    false,
  );
  expect(best("again").equals(best("in time"))).toBe(true);
});
