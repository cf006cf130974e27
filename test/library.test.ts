/** The library's jobs match the commands: bit-identical files and the same JSON; and they can be followed and stopped. */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { drawFace } from "../src/data/synthetic.ts";
import {
  audit,
  type Backbone,
  compare,
  evaluate,
  explain,
  exportModel,
  inspect,
  loadModel,
  predict,
  readDataset,
  report,
  soften,
  split,
  type TrainEvent,
  type TrainingRun,
  type TrainOptions,
  train,
  trainEvents,
  UsageError,
} from "../src/index.ts";
import { readCheckpoint, runPaths } from "../src/train/run-folder.node.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-library-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const faces = at("faces");
const image = at("faces", "validation", "happy", "1.png");

/** The same training as options and as arguments. */
const options = {
  data: faces,
  model: "vultus_s",
  recipe: "scratch",
  inputSize: 32,
  batchSize: 8,
  seed: 3,
  overrides: { "phases.all.epochs": 3, "augmentation.mixup": 0.1 },
  device: "cpu",
  threads: 1,
} as const satisfies TrainOptions;
const device = ["--device", "cpu", "--threads", "1"];
const args = [
  ...[
    "train",
    faces,
    "--model",
    "vultus_s",
    "--recipe",
    "scratch",
    "--input-size",
    "32",
    "--batch-size",
    "8",
  ],
  ...["--seed", "3", "--set", "phases.all.epochs=3", "--set", "augmentation.mixup=0.1", ...device],
];
const ours = { device: "cpu", threads: 1 } as const;

/** The run that the others are compared with. */
let whole: TrainingRun;
let commandJson: { run: string; best: object; phases: { name: string; best: number }[] };

beforeAll(async () => {
  const restore = capture();
  for (const label of ["happy", "sad"] as const) {
    for (const side of ["train", "validation"]) {
      mkdirSync(at("faces", side, label), { recursive: true });
      for (let i = 0; i < (side === "train" ? 24 : 12); i++) {
        const { pixels, width, height, channels } = drawFace(label, side, i);
        await sharp(pixels, { raw: { width, height, channels } })
          .png()
          .toFile(at("faces", side, label, `${i}.png`));
      }
    }
  }
  whole = await train({ ...options, out: at("library") });
  commandJson = await printedJson(...args, "--out", at("command"));
  restore();
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(capture);

const read = (...parts: string[]): Buffer => readFileSync(at(...parts));
const readJson = (...parts: string[]): Record<string, unknown> =>
  JSON.parse(read(...parts).toString()) as Record<string, unknown>;
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
/** Without the time and the process id in the names of TensorBoard's files. */
const filesOf = (run: string): string[] =>
  (readdirSync(at(run), { recursive: true }) as string[])
    .map((file) => file.replace(/(tfevents)\..*/, "$1"))
    .sort();

/** The best weights, the last state and the losses equal those of the uninterrupted run. */
function expectSameRun(name: string): void {
  expect(read(name, "best.safetensors").equals(read("library", "best.safetensors"))).toBe(true);
  const [{ tensors, progress }, reference] = [name, "library"].map((run) =>
    readCheckpoint(runPaths(at(run)).checkpoint),
  ) as [ReturnType<typeof readCheckpoint>, ReturnType<typeof readCheckpoint>];
  for (const [tensor, { data }] of tensors) expect(data, tensor).toEqual(reference.tensors.get(tensor)?.data);
  expect(progress.history.map((record) => record.validationLoss)).toEqual(
    reference.progress.history.map((record) => record.validationLoss),
  );
}

describe("train", () => {
  test("writes what the command writes: the same files, weights, settings and score", () => {
    expect(filesOf("library")).toEqual(filesOf("command"));
    for (const name of ["best.safetensors", "recipe.json", "predictions.jsonl", "data.json"])
      expect(read("library", name).equals(read("command", name)), name).toBe(true);
    const settings = (run: string): object => {
      const { started, ...rest } = readJson(run, "environment.json");
      expect(started).toEqual(expect.any(String));
      return rest;
    };
    expect(settings("library")).toEqual(settings("command"));
    expect(readJson("library", "evaluation.json")).toEqual(readJson("command", "evaluation.json"));
    expectSameRun("command");
  });

  test("returns what its folder says, and prints nothing", async () => {
    expect(whole).toMatchObject({
      folder: at("library"),
      interrupted: false,
      classes: ["happy", "sad"],
      unreadable: [],
      report: at("library", "report.html"),
    });
    if (whole.interrupted) throw new Error("it was not interrupted");
    expect(asJson(whole.evaluation)).toEqual(readJson("library", "evaluation.json"));
    expect(whole.history.length).toBe(3);
    expect(whole.best).toEqual(commandJson.best);
    expect(whole.phases.map(({ name, best }) => ({ name, best }))).toEqual(
      commandJson.phases.map(({ name, best }) => ({ name, best })),
    );
    await train({ ...options, overrides: ["phases.all.epochs=1"], out: at("silent") });
    expect(printed).toEqual({ out: "", err: "" });
  });

  test("has a default for everything but the data, the command's", async () => {
    const before = process.cwd();
    mkdirSync(at("here"));
    process.chdir(at("here"));
    try {
      // Checks the defaults without their minutes of training, and without weights from the hub.
      const { folder: run } = await train({
        data: [faces],
        model: "vultus_s",
        recipe: "finetune",
        inputSize: 32,
        weights: "random-frozen",
        overrides: { "phases.head.epochs": 1, "phases.all.epochs": 1 },
        ...ours,
      });
      expect(run).toBe(join("runs", "vultus_s-finetune-1"));
      const command = ["train", faces, "--model", "vultus_s", "--recipe", "finetune", "--input-size", "32"];
      const more = [
        "--weights",
        "random-frozen",
        "--set",
        "phases.all.epochs=1",
        "--set",
        "phases.head.epochs=1",
      ];
      const json = await printedJson<{ run: string }>(...command, ...more, ...device);
      expect(json.run).toBe(join("runs", "vultus_s-finetune-2"));
      const [one, other] = [join("here", run), join("here", json.run)];
      expect(read(one, "best.safetensors").equals(read(other, "best.safetensors"))).toBe(true);
      const settings = ["precision", "cacheFeatures", "views", "threads", "device", "cut", "weights"];
      for (const key of settings)
        expect(readJson(one, "environment.json")[key], key).toEqual(readJson(other, "environment.json")[key]);
    } finally {
      process.chdir(before);
    }
  });

  test("a data set that was read trains as its folder does", async () => {
    const data = await readDataset([faces]);
    await train({ ...options, data, out: at("data set") });
    expectSameRun("data set");
  });

  test.each<[string, unknown, RegExp]>([
    ["no options", undefined, /^no options given; give at least the data/],
    ["no data", {}, /^data is not a data set: give a folder/],
    ["a mistyped name", { data: faces, batchsize: 8 }, /no option "batchsize"\. Did you mean "batchSize"/],
    ["a mistyped value", { data: faces, precision: "fp61" }, /"fp61"; it must be one of auto, fp32, fp16/],
    ["no number", { data: faces, memory: Number.NaN }, /^memory is NaN; it must be a number above 0/],
    [
      "a text for a list",
      { data: faces, classes: "happy,sad" },
      /^classes is "happy,sad"; .* a list of strings/,
    ],
    ["an object for a name", { data: faces, model: { name: "mine" } }, /^model is .*; it must be text/],
    ["no signal", { data: faces, signal: {} }, /^signal is \{\}; it must be an AbortSignal/],
    ["no listener", { data: faces, onEvent: 5 }, /^onEvent is 5; it must be a function/],
  ])("refuses %s before anything is written", async (_, given, message) => {
    const before = readdirSync(folder);
    const refused = train(given as TrainOptions);
    await expect(refused).rejects.toThrow(UsageError);
    await expect(refused).rejects.toThrow(message);
    expect(readdirSync(folder)).toEqual(before);
  });

  test("two trainings at once take two folders, and never the same one", async () => {
    const [here, there] = [process.cwd(), at("several")];
    mkdirSync(there);
    process.chdir(there);
    try {
      const quick = { ...options, overrides: { "phases.all.epochs": 1 } };
      const [one, other] = await Promise.all([train(quick), train({ ...quick, seed: 4 })]);
      expect([one.folder, other.folder].sort()).toEqual(
        [1, 2].map((number) => join("runs", `vultus_s-scratch-${number}`)),
      );
      const seedOf = ({ folder: run }: TrainingRun): unknown => readJson("several", run, "recipe.json").seed;
      expect([seedOf(one), seedOf(other)]).toEqual([3, 4]);
      const [first, second] = await Promise.allSettled([
        train({ ...quick, out: "same" }),
        train({ ...quick, out: join(there, "same"), seed: 4 }),
      ]);
      expect([first.status, second.status].sort()).toEqual(["fulfilled", "rejected"]);
      const { reason } = [first, second].find(({ status }) => status === "rejected") as PromiseRejectedResult;
      expect(reason).toBeInstanceOf(UsageError);
      expect((reason as Error).message).toMatch(/another training .*same; wait until it ends/);
      // A training that is refused before it wrote anything leaves no folder.
      await expect(train({ ...quick, weights: "missing.pth" })).rejects.toThrow(UsageError);
      expect(readdirSync("runs").sort()).toEqual(["vultus_s-scratch-1", "vultus_s-scratch-2"]);
    } finally {
      process.chdir(here);
    }
  }, 120_000);

  test("samples in another order are the same data set, and two of one id are none", async () => {
    const data = await readDataset([faces]);
    const samples = data.samples.toReversed();
    await train({ ...options, data: { ...data, samples, fingerprint: "of before" }, out: at("reversed") });
    expectSameRun("reversed");
    expect(readJson("reversed", "environment.json").fingerprint).toBe(
      readJson("library", "environment.json").fingerprint,
    );
    const twice = { ...data, samples: [...samples, ...samples.slice(0, 1)] };
    await expect(train({ ...options, data: twice, out: at("twice") })).rejects.toThrow(
      /two images have the id "train\/|two images have the id "validation\//,
    );
    const wrong = { ...data, samples: samples.map((sample) => ({ ...sample, label: 7 })) };
    await expect(train({ ...options, data: wrong, out: at("wrong") })).rejects.toThrow(UsageError);
  });

  test("a teacher of the library is one of the command", async () => {
    const taught = { ...options, teachers: at("library"), overrides: { "phases.all.epochs": 1 } };
    await train({ ...taught, out: at("taught") });
    const more = [
      "--set",
      "phases.all.epochs=1",
      "--set",
      "augmentation.mixup=0",
      "--teacher",
      at("library"),
    ];
    await printedJson(...args, ...more, "--out", at("taught too"));
    expect(readJson("taught", "environment.json").teachers).toEqual([at("library")]);
    expect(read("taught", "best.safetensors").equals(read("taught too", "best.safetensors"))).toBe(true);
    await train({ ...options, overrides: taught.overrides, out: at("untaught") });
    expect(read("untaught", "best.safetensors").equals(read("taught", "best.safetensors"))).toBe(false);
  });

  test("aborted, it saves and resolves; resumed it ends with the same bits", async () => {
    const stop = new AbortController();
    const aborted = await train({
      ...options,
      out: at("aborted"),
      signal: stop.signal,
      onEvent: ({ type }) => type === "epochEnd" && stop.abort(),
    });
    expect(aborted).toMatchObject({ interrupted: true, folder: at("aborted"), best: { epoch: 1 } });
    expect(aborted).not.toHaveProperty("evaluation");
    expect(filesOf("aborted")).not.toContain("best.onnx");
    // With its original settings, none of which has to be given again.
    const resumed = await train({ data: faces, ...ours, resume: at("aborted") });
    expect(resumed.interrupted).toBe(false);
    expectSameRun("aborted");
  });

  test("resume wants the run folder, and refuses another recipe", async () => {
    await expect(train({ ...options, resume: true })).rejects.toThrow(UsageError);
    await expect(train({ ...options, batchSize: 9, resume: at("library") })).rejects.toThrow(
      "batchSize is 8, not 9",
    );
  });

  test("refuses bad values in the command's words", async () => {
    const refused = async (more: Partial<TrainOptions>, message: string | RegExp): Promise<void> => {
      const attempt = train({ ...options, out: at("refused"), ...more });
      await expect(attempt).rejects.toThrow(message);
      await expect(attempt).rejects.toBeInstanceOf(UsageError);
    };
    await refused({ batchSize: -1 }, "recipe: batchSize is -1: must be a whole number of 1 or more");
    await refused({ overrides: { "phases.all.epoch": 3 } }, 'has no key "epoch". Did you mean "epochs"?');
    await refused({ recipe: "finetun" }, 'there is no recipe "finetun"');
    await refused({ model: "resnet51" }, "resnet51");
    await refused({ data: at("nowhere") }, "nowhere");
    await refused({ data: [] }, "No data given");
    await refused({ timeBudget: "soon" }, '"soon" is not a length of time');
    await refused({ timeBudget: 0 }, "give more than 0");
    await refused({ out: at("faces") }, "is not empty");
    await refused({ device: "cuda" }, "has no cuda");
  });
});

describe("events", () => {
  test("a callback hears them in order, and an asynchronous one is waited for", async () => {
    const types: TrainEvent["type"][] = [];
    let open = 0;
    const run = await train({
      ...options,
      out: at("heard"),
      overrides: { "phases.all.epochs": 1 },
      async onEvent(event) {
        expect(++open).toBe(1);
        types.push(event.type);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
      },
    });
    expect(run.interrupted).toBe(false);
    const inOrder = [
      "run",
      "model",
      "start",
      "phaseStart",
      "step",
      "epochEnd",
      "phaseEnd",
      "finished",
    ] as const;
    const positions = inOrder.map((type) => types.indexOf(type));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
    expect(types.filter((type) => type === "step").length).toBe(6);
  });

  test("a listener that throws ends the training with its error, and the run can be resumed", async () => {
    const onEvent = ({ type }: TrainEvent): void => {
      if (type === "epochEnd") throw new Error("no more");
    };
    await expect(train({ ...options, out: at("thrown"), onEvent })).rejects.toThrow("no more");
    await train({ ...options, out: at("thrown"), resume: true });
    expectSameRun("thrown");
  });

  test("for await: every event, and the run last", async () => {
    const types: string[] = [];
    let run: TrainingRun | undefined;
    const short = { ...options, out: at("followed"), overrides: { "phases.all.epochs": 1 } };
    for await (const event of trainEvents(short)) {
      types.push(event.type);
      if (event.type === "end") run = event.result;
    }
    expect(types.at(-1)).toBe("end");
    expect(types.slice(-2)).toEqual(["finished", "end"]);
    expect(run).toMatchObject({ interrupted: false, folder: at("followed") });
  });

  test("leaving the loop saves; what was saved resumes to the same bits", async () => {
    for await (const event of trainEvents({ ...options, out: at("left") }))
      if (event.type === "step" && event.epoch === 2) break;
    expect(readCheckpoint(runPaths(at("left")).checkpoint).progress).toMatchObject({ epoch: 1 });
    await train({ ...options, resume: at("left") });
    expectSameRun("left");
  });

  test("an abort ends the loop with an interrupted run", async () => {
    const stop = new AbortController();
    const last: string[] = [];
    for await (const event of trainEvents({ ...options, out: at("stopped"), signal: stop.signal })) {
      if (event.type === "step") stop.abort();
      if (event.type === "end") last.push(event.result.interrupted ? "interrupted" : "finished");
    }
    expect(last).toEqual(["interrupted"]);
  });

  test("an error is thrown in the loop", async () => {
    const loop = async (): Promise<void> => {
      for await (const _ of trainEvents({ data: at("nowhere") })) expect.unreachable();
    };
    await expect(loop()).rejects.toThrow("nowhere");
  });
});

describe("what the commands print with --json is what the jobs return", () => {
  const model = at("library");

  test("evaluate", async () => {
    const json = await printedJson("evaluate", model, faces, ...device);
    expect(asJson(await evaluate(model, faces, ours))).toEqual(json);
    expect(asJson(await evaluate({ model, data: [faces], ...ours }))).toEqual(json);
    const more = await printedJson<object>(
      "evaluate",
      model,
      faces,
      "--split",
      "train",
      "--tta",
      "--no-leaks",
      ...device,
    );
    const found = await evaluate(model, faces, { ...ours, split: "train", tta: true, leaks: false });
    expect(Object.keys(asJson(found) as object)).toEqual(Object.keys(more));
    expect(found).toMatchObject({ n: 48, split: "train" });
  });

  test("evaluate takes a loaded model and a data set with other classes, and can return its answers", async () => {
    await using loaded = await loadModel({ model, device: "cpu", threads: 1, detector: false });
    const plain = await evaluate(model, faces, ours);
    const dataset = await readDataset([faces], { classes: ["sad", "happy"] });
    const { predictions = [], ...found } = await evaluate(loaded, dataset, { ...ours, predictions: true });
    // Another order of the classes changes the fingerprint: the validation data is no longer recognised.
    for (const key of ["n", "accuracy", "confusion", "classes", "perClass", "auc"] as const)
      expect(found[key], key).toEqual(plain[key]);
    expect(predictions.length).toBe(24);
    const { id, predicted } = predictions[0] as { id: string; predicted: string };
    const { faces: answers } = await predict(loaded, at("faces", id));
    expect(answers[0]?.label).toBe(predicted);
  });

  test("compare, with models and with a baseline", async () => {
    const other = at("silent");
    const json = await printedJson("compare", model, other, faces, ...device);
    expect(asJson(await compare(model, other, faces, ours))).toEqual(json);
    const majority = await printedJson("compare", model, "majority", faces, ...device);
    expect(asJson(await compare({ a: model, b: "majority", data: faces, ...ours }))).toEqual(majority);
    expect(majority).toMatchObject({ baseline: "majority" });
  });

  test("audit: the summary, and with a folder the same files", async () => {
    const json = await printedJson("data", "audit", faces, "--out", at("audit a"), ...device);
    const { summary, duplicates } = await audit(faces, { out: at("audit b"), ...ours });
    expect(asJson(summary)).toEqual(json);
    expect(duplicates).toEqual([]);
    for (const name of ["audit.json", "exclude.txt"])
      expect(read("audit b", name).equals(read("audit a", name)), name).toBe(true);
    await expect(audit({ data: faces, out: at("audit a") })).rejects.toThrow("not overwritten");
  });

  test("export", async () => {
    const forms = ["--to", "bundle,safetensors", "--out", at("export a"), ...device];
    const json = await printedJson<{ files: object[] }>("export", model, ...forms);
    const found = await exportModel(model, { to: ["bundle", "safetensors"], out: at("export b"), ...ours });
    const steady = (files: readonly object[]): object[] =>
      files.map((file) => ({ ...file, path: "", picturesPerSecond: 0 }));
    expect(asJson(steady(found.files))).toEqual(steady(json.files));
    for (const name of ["model.onnx", "model.safetensors"])
      expect(read("export b", name).equals(read("export a", name)), name).toBe(true);
    const wrong = exportModel({ model, to: "bundel" as "bundle", ...ours });
    await expect(wrong).rejects.toThrow('Did you mean "bundle"?');
  });

  test("explain", async () => {
    const photo = ["explain", image, "--model", model, "--no-detect", "--out", at("maps"), ...device];
    const json = await printedJson(...photo, "--data", faces, "--pictures", "6");
    const wrote: string[] = [];
    const found = await explain({
      model,
      photos: image,
      data: faces,
      pictures: 6,
      detector: false,
      out: at("maps"),
      ...ours,
      onEvent: (event) => event.type === "wrote" && wrote.push(event.path),
    });
    expect(asJson(found)).toEqual(json);
    expect(wrote).toEqual([found.data?.average]);
    await expect(explain({ model })).rejects.toThrow("no photos given");
  });

  test("inspect, split, soften, report", async () => {
    const inspected = await printedJson("data", "inspect", faces, "--no-sheet");
    expect(asJson(await inspect({ data: faces }))).toEqual(inspected);
    const cut = ["data", "split", faces, "--test", "0.25", "--seed", "5"];
    const json = await printedJson<object>(...cut, "--out", at("a.csv"));
    expect(asJson(await split({ data: faces, test: 0.25, seed: 5, out: at("b.csv") }))).toEqual({
      ...json,
      manifest: at("b.csv"),
    });
    expect(read("b.csv").equals(read("a.csv"))).toBe(true);
    const softer = await printedJson<object>(
      "data",
      "soften",
      faces,
      "--by",
      model,
      "--out",
      at("c.csv"),
      ...device,
    );
    const softened = await soften({ data: faces, by: [model], out: at("d.csv"), ...ours });
    expect(asJson(softened)).toEqual({ ...softer, manifest: at("d.csv") });
    expect(read("d.csv").equals(read("c.csv"))).toBe(true);
    const { files } = await report({ run: model, ...ours });
    expect(files).toEqual((await printedJson<{ files: string[] }>("report", model, ...device)).files);
  });
});

describe("a backbone of the caller's own", () => {
  const own: Backbone = {
    name: "own_tiny",
    stages: ["conv"],
    unfreeze: [["conv"]],
    features: 8,
    preprocessing: { mean: [0.4], std: [0.3], size: 32 },
    smallest: 8,
    build: (net, images) =>
      net.stage("conv", images, (maps) =>
        net.relu(net.conv(maps, "conv", { out: 8, kernel: 3, stride: 2, padding: 1, norm: "conv.bn" })),
      ),
  };
  const known = { backbones: [own] };

  test("is trained with a whole report, resumed, explained and exported", async () => {
    const notes: string[] = [];
    const mine = { ...options, ...known, model: "own_tiny", out: at("own") };
    for await (const event of trainEvents(mine)) if (event.type === "step" && event.epoch === 2) break;
    const run = await train({
      ...mine,
      resume: true,
      onEvent: (event) => event.type === "note" && notes.push(event.text),
    });
    expect(run.history.length).toBe(3);
    expect(notes.join("\n")).not.toMatch(/heat maps|not written/);
    expect(read("own", "report.html").includes("Where it looked")).toBe(true);
    expect((await evaluate(at("own"), faces, ours)).n).toBe(24);
    const { photos } = await explain({
      ...known,
      ...ours,
      model: at("own"),
      photos: image,
      detector: false,
      out: at("own maps"),
    });
    expect(photos[0]?.faces.length).toBe(1);
    const { files } = await exportModel({
      ...known,
      ...ours,
      model: at("own"),
      to: "pth",
      out: at("own pth"),
    });
    expect(files.map(({ form }) => form)).toEqual(["pth"]);
  });

  test("fits a time budget, and is refused if nobody knows it", async () => {
    const fitted = { ...options, ...known, model: "own_tiny", timeBudget: "10m", out: at("own in time") };
    const events: TrainEvent[] = [];
    await train({ ...fitted, onEvent: (event) => events.push(event) });
    expect(events).toContainEqual({ type: "budget", forecast: expect.any(Number), budget: 600 });
    await expect(train({ ...options, model: "own_tiny", out: at("unknown") })).rejects.toThrow(
      'there is no backbone "own_tiny"',
    );
  });
});

describe("images that cannot be read", () => {
  test("are events of the job, and exit code 1 of the command", async () => {
    const data = at("torn");
    for (const label of ["happy", "sad"]) mkdirSync(join(data, label), { recursive: true });
    writeFileSync(join(data, "happy", "0.png"), read("faces", "train", "happy", "0.png"));
    writeFileSync(join(data, "sad", "0.png"), "no image");
    const unreadable: string[] = [];
    const found = await evaluate(at("library"), data, {
      ...ours,
      allowUnreadable: true,
      onEvent: (event) => event.type === "unreadable" && unreadable.push(event.id),
    });
    expect(unreadable).toEqual(["sad/0.png"]);
    expect(found.n).toBe(1);
  });
});

test("a model closes by await using, by close, and by both", async () => {
  const model = await loadModel({ model: at("library"), device: "cpu", threads: 1, detector: false });
  {
    await using same = model;
    expect((await predict(same, image)).status).toBe("ok");
  }
  await expect(predict(model, image)).rejects.toThrow("closed");
  await model.close();
  // The path alone, as before the options became one object.
  await using alone = await loadModel(at("library"), { threads: 1, detector: false });
  expect(alone.device).toBe("cpu");
  expect(alone.bundle.architecture.classes).toEqual(["happy", "sad"]);
});
