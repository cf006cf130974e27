/** Votes of people, from a manifest through training, scores, report and comparison; and unchanged results without votes. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { run } from "../src/cli/main.ts";
import { drawFace } from "../src/data/synthetic.ts";
import type { ComparisonResult } from "../src/jobs/comparison-result.ts";
import type { EnsembleResult } from "../src/jobs/ensemble.ts";
import type { ModelEvaluation } from "../src/jobs/evaluate.ts";
import type { EvaluationResult } from "../src/jobs/evaluation-result.ts";
import { decodeBundle } from "../src/program/decode-bundle.ts";
import { readRun } from "../src/report/run-record.ts";
import { random } from "../src/util/random.ts";
import { namingIn } from "../src/weights/classifier-file.ts";
import { capture, printed, printedJson } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-people-"));
const at = (...parts: string[]): string => join(folder, ...parts);
const device = ["--device", "cpu", "--threads", "2"];
const json = <T>(...args: string[]): Promise<T> => printedJson<T>(...args, ...device);
const readJson = <T>(...parts: string[]): T => JSON.parse(readFileSync(at(...parts), "utf8")) as T;

const columns = ["happy", "sad", "surprise", "unknown"] as const;
const PEOPLE = 8;
/** The drawn votes of each image of the validation split. */
const cast: number[][] = [];

/** Faces with votes of eight people; some are tied, and some mostly unknown. */
async function drawVotes(): Promise<void> {
  const rows: string[] = [];
  for (const split of ["train", "validation"]) {
    mkdirSync(at(split));
    for (let i = 0; i < 72; i++) {
      const truth = i % 3;
      const name = columns[truth] as "happy" | "sad" | "surprise";
      const { pixels, width, height, channels } = drawFace(name, "people", split, i);
      const raw = { width, height, channels };
      await sharp(pixels, { raw })
        .png()
        .toFile(at(split, `${i}.png`));
      const rng = random("people", split, i);
      const sure = i % 12 === 5 ? 0 : 0.65;
      const votes = [0, 0, 0, 0];
      for (let person = 0; person < PEOPLE; person++) {
        const chosen = rng.chance(sure) ? truth : sure === 0 && rng.chance(0.6) ? 3 : rng.integer(4);
        votes[chosen] = (votes[chosen] as number) + 1;
      }
      if (i % 18 === 0) votes.splice(0, 4, 4, 3, 0, 1);
      if (i % 18 === 1) votes.splice(0, 4, 3, 3, 1, 1);
      if (split === "validation") cast.push(votes);
      rows.push(`${split}/${i}.png,${split},${votes.join(",")},${i % 2 ? "old" : "young"}`);
    }
  }
  writeFileSync(
    at("votes.csv"),
    ["path,split,happy,sad,surprise,unknown,subgroup:age", ...rows, ""].join("\n"),
  );
  writeFileSync(
    at("labels.csv"),
    [
      "path,split,label",
      ...rows.map((row, i) => `${row.split(",", 2).join(",")},${columns[i % 3]}`),
      "",
    ].join("\n"),
  );
}

const trainingArgs = [
  ...["train", "--model", "vultus_s", "--recipe", "scratch", "--input-size", "32", "--batch-size", "8"],
  ...["--set", "phases.all.epochs=12"],
];

beforeEach(capture);
beforeAll(async () => {
  const restore = capture();
  await drawVotes();
  const args = [...trainingArgs, at("votes.csv"), "--not-a-class", "unknown", ...device];
  expect(await run([...args, "--out", at("run")]), printed.err).toBe(0);
  restore();
}, 240_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The kept images: those with at least as many votes for some class as for unknown. */
const kept = (): number[][] => cast.filter((votes) => (votes[3] as number) <= Math.max(...votes.slice(0, 3)));
const untied = (): number[][] =>
  kept().filter((votes) => votes.filter((count) => count === Math.max(...votes)).length === 1);

describe("a training on votes", () => {
  test("records what is no class, and so do its files", () => {
    expect(readJson<object>("run", "environment.json")).toMatchObject({ notAClass: ["unknown"] });
    expect(readJson<object>("run", "data.json")).toMatchObject({ classes: ["happy", "sad", "surprise"] });
    const bundle = at("run", "best.onnx");
    expect(namingIn(decodeBundle(readFileSync(bundle), bundle).metadata, bundle)).toEqual({
      notAClass: ["unknown"],
    });
  });

  test("is scored against people", () => {
    const { people, n } = readJson<EvaluationResult>("run", "evaluation.json");
    expect(n).toBe(kept().length);
    expect(people).toMatchObject({ n, votes: n * PEOPLE, tied: n - untied().length });
    expect(people?.agreement.n).toBe(untied().length);
    expect(untied().length).toBeLessThan(n);
    expect(n).toBeLessThan(cast.length);
    // Votes for something other than a class count as people asked.
    expect(people?.voteShare.value).toBeLessThan(
      kept().reduce((sum, votes) => sum + Math.max(...votes), 0) / (n * PEOPLE) + 1e-9,
    );
    expect(people?.logLoss.value).toBeGreaterThan(people?.leastLogLoss as number);
    expect(people?.verdict).toMatch(
      /^Agrees with the plurality of people on [\d.]+ % of \d+ images \(95 % interval [\d.]+ to [\d.]+ %\)\. One person agrees with the others on [\d.]+ %: (better than|as good as|not as good as) one more person/,
    );
  });

  test("has it in the report and the card", () => {
    const { people } = readJson<EvaluationResult>("run", "evaluation.json");
    const [html, card] = ["report.html", "model-card.md"].map((name) =>
      readFileSync(at("run", name), "utf8"),
    );
    for (const text of [html, card]) {
      expect(text).toContain("Against people");
      expect(text).toContain(people?.verdict);
      expect(text).toContain("agreement where it is surprise");
    }
    expect(html).toContain("<dt>Agreement with people</dt>");
    expect(html).toContain("--not-a-class unknown");
  });
});

describe("evaluate", () => {
  test("reports what the run reported, without being told which columns are no class", async () => {
    const said = readJson<EvaluationResult>("run", "evaluation.json").people;
    const found = await json<EvaluationResult>("evaluate", at("run"), at("votes.csv"));
    for (const key of ["agreement", "voteShare", "clear", "perClass", "onePerson", "verdict"] as const)
      expect(found.people?.[key], key).toEqual(said?.[key]);
    expect(found.people?.logLoss.value).toBeCloseTo(said?.logLoss.value as number, 5);
    expect(printed.err).toContain('"unknown" is not a class: ');
  });

  test("prints the table and the sentence", async () => {
    const { people } = readJson<EvaluationResult>("run", "evaluation.json");
    expect(await run(["evaluate", at("run"), at("votes.csv"), ...device])).toBe(0);
    expect(printed.out).toMatch(/^against people's votes +model +95 % interval +one person +95 % interval$/m);
    expect(printed.out).toMatch(/^agreement with the plurality of all but one +[\d.]+ % /m);
    expect(printed.out).toContain(`\n\n${people?.verdict}\n`);
  });

  test("subgroups and spoilt images are measured against people too", async () => {
    const more = ["--subgroup", "age", "--subgroup-minimum", "5", "--robustness", "--pictures", "24"];
    const args = ["evaluate", at("run"), at("votes.csv"), ...more, "--out", at("run")];
    const { subgroups, robustness, people } = await json<ModelEvaluation>(...args);
    expect(subgroups?.n).toBe(kept().length);
    expect(subgroups?.people?.n).toBe(untied().length);
    expect(subgroups?.people?.accuracy).toBeCloseTo(people?.agreement.value as number, 12);
    expect(subgroups?.people?.groups.map(({ name }) => name).sort()).toEqual(["old", "young"]);
    expect(robustness?.people?.n).toBeLessThanOrEqual(24);
    expect(robustness?.people?.clean).toBeGreaterThan(0);
    for (const { people: own } of robustness?.corruptions ?? []) {
      expect(own?.agreement.length).toBe(5);
      expect(own?.agreement.every((share) => share >= 0 && share <= 1)).toBe(true);
    }
    expect(await run(["report", at("run"), "--no-pictures", ...device])).toBe(0);
    expect(readFileSync(at("run", "report.html"), "utf8")).toContain(
      "On clean images it agrees with the plurality of people on",
    );
    expect(readFileSync(at("run", "model-card.md"), "utf8")).toContain(
      "They reduce the agreement with the plurality",
    );
  }, 120_000);

  test("labels are nobody's votes, and neither are soft labels", async () => {
    const found = await json<EvaluationResult>(
      "evaluate",
      at("run"),
      at("labels.csv"),
      "--split",
      "validation",
    );
    expect(found).not.toHaveProperty("people");
    const [header = "", ...rows] = readFileSync(at("votes.csv"), "utf8").trimEnd().split("\n");
    const soft = rows.map((row) => {
      const [path, split, ...votes] = row.split(",").slice(0, 6);
      return [path, split, ...votes.map((count) => Number(count) / 7), ""].join(",");
    });
    writeFileSync(at("soft.csv"), [header, ...soft, ""].join("\n"));
    const args = ["evaluate", at("run"), at("soft.csv"), "--split", "validation"];
    expect(await json<EvaluationResult>(...args)).not.toHaveProperty("people");
  });
});

test("compare tells who agrees with people more often", async () => {
  const args = ["compare", at("run"), "majority", at("votes.csv")];
  const { people } = await json<ComparisonResult>(...args);
  // It always predicts one class, and agrees if most people chose that class.
  const perClass = [0, 1, 2].map((k) => untied().filter((votes) => votes[k] === Math.max(...votes)).length);
  expect(perClass.map((count) => count / untied().length)).toContain(people?.agreementB);
  const { agreement, onePerson } = readJson<EvaluationResult>("run", "evaluation.json").people ?? {};
  expect(people?.n).toBe(untied().length);
  expect(people?.agreementA).toBeCloseTo(agreement?.value as number, 12);
  expect(people?.difference).toBeCloseTo((people?.agreementB as number) - (people?.agreementA as number), 12);
  expect(people?.onePerson).toEqual(onePerson?.agreement);
  expect(people?.voteShare.change).toBeGreaterThanOrEqual(people?.voteShare.interval[0] as number);
  expect(await run([...args, ...device])).toBe(0);
  expect(printed.out).toContain("agreement with people  A ");
  expect(printed.out).toContain(people?.verdict);
});

test("a written split keeps what is no class", async () => {
  const done = [
    "data",
    "split",
    at("votes.csv"),
    "--not-a-class",
    "unknown",
    "--out",
    at("cut.csv"),
    "--test",
    "0.2",
  ];
  expect(await run(done), printed.err).toBe(0);
  const found = await json<EvaluationResult>("evaluate", at("run"), at("cut.csv"), "--split", "validation");
  const said = readJson<EvaluationResult>("run", "evaluation.json").people;
  expect(found.people?.onePerson).toEqual(said?.onePerson);
});

describe("calibrated to votes", () => {
  const calibrated = ["--set", "calibration=votes", ...device];
  const scoresOf = (name: string): EvaluationResult => readJson<EvaluationResult>(name, "evaluation.json");

  test("a training's probabilities are nearer to the votes, and its answers the same", async () => {
    const args = [...trainingArgs, at("votes.csv"), "--not-a-class", "unknown", ...calibrated];
    expect(await run([...args, "--out", at("calibrated")]), printed.err).toBe(0);
    const [plurality, votes] = [scoresOf("run"), scoresOf("calibrated")];
    expect(plurality.calibration).toMatchObject({ fittedTo: "plurality", fittedHere: true });
    expect(votes.calibration).toMatchObject({ fittedTo: "votes", fittedHere: true });
    expect(votes.confusion).toEqual(plurality.confusion);
    expect(votes.calibration.temperature).not.toBeCloseTo(plurality.calibration.temperature, 2);
    expect(votes.people?.logLoss.value).toBeLessThan(plurality.people?.logLoss.value as number);
    expect(votes.nll).toBeGreaterThan(plurality.nll);
    expect(readFileSync(at("calibrated", "model-card.md"), "utf8")).toContain(
      "fitted to the shares of people's votes on the same images",
    );
  }, 120_000);

  test("evaluate scores it as the run did, in every form", async () => {
    const said = scoresOf("calibrated");
    await json("export", at("calibrated"), "--to", "bundle,safetensors");
    for (const path of ["", "export/model.onnx", "export/model.safetensors"]) {
      const found = await json<EvaluationResult>("evaluate", at("calibrated", path), at("votes.csv"));
      expect(found.calibration, path).toMatchObject({ fittedTo: "votes", fittedHere: true });
      expect(found.calibration.temperature).toBe(said.calibration.temperature);
      expect(found.people?.logLoss.value, path).toBeCloseTo(said.people?.logLoss.value as number, 5);
      expect(found.ece, path).toBe(found.calibration.eceCrossFitted);
    }
    expect(await run(["evaluate", at("calibrated"), at("votes.csv"), ...device])).toBe(0);
    expect(printed.out).toMatch(/\(temperature \d+\.\d\d fitted to votes, cross-fitted; /);
  });

  test("without votes it is fitted to labels, and a note reports that", async () => {
    const args = [...trainingArgs, at("labels.csv"), ...calibrated, "--set", "phases.all.epochs=1"];
    expect(await run([...args, "--out", at("labelled")]), printed.err).toBe(0);
    expect(printed.err).toContain("no validation image has votes");
    expect(scoresOf("labelled").calibration.fittedTo).toBe("plurality");
  }, 60_000);
});

test("an ensemble is scored against people too, beside its members", async () => {
  const args = ["ensemble", at("run"), at("calibrated"), "--out", at("both.onnx"), "--fit", at("votes.csv")];
  const { scores } = await json<EnsembleResult>(...args);
  const { n, ensemble, equal, members } = scores as NonNullable<EnsembleResult["scores"]>;
  expect(n).toBe(kept().length);
  for (const { people } of [ensemble, equal, ...Object.values(members)])
    expect(people).toMatchObject({ n, tied: n - untied().length });
  const said = readJson<EvaluationResult>("run", "evaluation.json").people;
  expect(members.run?.people?.agreement).toEqual(said?.agreement);
  expect(ensemble.people?.onePerson?.agreement).toEqual(said?.onePerson?.agreement);
  const card = readFileSync(at("both.md"), "utf8");
  expect(card).toContain("| agreement with people |");
  expect(card).toContain("## Against people");
  expect(card).toMatch(/^Agrees with the plurality of people on /m);
  const { metadata } = decodeBundle(readFileSync(at("both.onnx")), "both.onnx");
  expect(JSON.parse(metadata.metrics ?? "")).not.toHaveProperty("people");

  const found = await json<EvaluationResult>("evaluate", at("both.onnx"), at("votes.csv"));
  expect(found.n).toBe(n);
  expect(found.people?.agreement.n).toBe(untied().length);
  expect(found.calibration.fittedHere).toBe(true);
  const shown = [...args.with(4, at("shown.onnx")), ...device];
  expect(await run(shown), printed.err).toBe(0);
  expect(printed.out).toMatch(/^equal weights .* agreement with people [\d.]+ %$/m);
  expect(printed.out).toContain("Agrees with the plurality of people on ");
}, 60_000);

describe("results of before there were votes", () => {
  test("are read and shown as they were", async () => {
    const path = at("run", "evaluation.json");
    const before = readFileSync(path, "utf8");
    const { people, ...older } = JSON.parse(before) as EvaluationResult;
    expect(people).toBeDefined();
    writeFileSync(path, JSON.stringify(older));
    try {
      const { damaged, evaluation } = readRun(at("run"));
      expect(damaged).toEqual([]);
      expect(evaluation?.accuracy).toBe(older.accuracy);
      expect(await run(["report", at("run"), "--no-pictures", ...device])).toBe(0);
      for (const name of ["report.html", "model-card.md"])
        expect(readFileSync(at("run", name), "utf8")).not.toContain("Against people");
    } finally {
      writeFileSync(path, before);
    }
  });
});

test("a name that is not there, or is one of the classes, is refused", async () => {
  expect(await run(["evaluate", at("run"), at("votes.csv"), "--not-a-class", "unknwon", ...device])).toBe(2);
  expect(printed.err).toMatch(/--not-a-class unknwon: there is no "unknwon" in .* Did you mean "unknown"\?/);
  expect(await run(["evaluate", at("run"), at("votes.csv"), "--not-a-class", "sad", ...device])).toBe(2);
  expect(printed.err).toMatch(/--not-a-class sad: "sad" is one of the classes happy, sad, surprise/);
});

test("a run goes on without being told what is no class", async () => {
  const { fingerprint } = readJson<{ fingerprint: string }>("run", "environment.json");
  const args = ["train", "--resume", at("run"), "--extend", "1", ...device];
  expect(await run(args), printed.err).toBe(0);
  expect(readJson<object>("run", "environment.json")).toMatchObject({ fingerprint, notAClass: ["unknown"] });
  expect(printed.out).toMatch(/people +Agrees with the plurality of people on/);
}, 60_000);
