/** The end of the output of train and audit: eight lines, with commands that run as printed. */

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { run } from "../src/cli/main.ts";
import { writeSyntheticFaces } from "../src/data/synthetic.node.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-cards-"));
const before = process.cwd();
const faces = "my faces";

beforeAll(async () => {
  mkdirSync(join(folder, "here"));
  process.chdir(join(folder, "here"));
  await writeSyntheticFaces(faces, { perClass: 12, validationPerClass: 6, seed: 1 });
  // The same image in two classes and in two splits.
  copyFileSync(join(faces, "train/happy/0001.png"), join(faces, "train/sad/copy.png"));
  copyFileSync(join(faces, "train/fear/0001.png"), join(faces, "validation/fear/copy.png"));
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => {
  capture();
  vi.stubEnv("npm_config_user_agent", "npm/10.8.2 node/v20.20.2 linux x64");
});

/** The last lines of the output, from the one that begins with `first`. */
function card(first: string): string[] {
  const lines = printed.out.trimEnd().split("\n");
  return lines.slice(lines.findLastIndex((line) => line.startsWith(first)));
}

/** The arguments of the commands that a card suggests, as a shell reads them. */
function commandsOf(lines: readonly string[]): string[][] {
  return lines.slice(lines.indexOf("next") + 1).map((line) => {
    expect(line).toMatch(/^ {2}npx vultus /);
    const words = line.replace(/^ {2}npx vultus /, "").match(/'[^']*'|\S+/g) ?? [];
    return words.map((word) => word.replace(/^'(.*)'$/, "$1"));
  });
}

test("train", async () => {
  const network = ["--model", "vultus_s", "--recipe", "scratch", "--input-size", "32", "--batch-size", "16"];
  const short = ["--set", "phases.all.epochs=1", "--out", "runs/first run"];
  expect(await run(["train", faces, ...network, ...short]), printed.err).toBe(0);
  expect(printed.err.split("\n")[0]).toBe(`reading ${faces}…`);
  const lines = card("accuracy");
  expect(lines).toHaveLength(8);
  expect(lines[0]).toMatch(
    /^accuracy {7}[\d.]+ % \(95 % interval [\d.]+ % to [\d.]+ %\); always fear: 18\.9 %$/,
  );
  expect(lines[1]).toMatch(
    /^measured on {4}37 validation images, 1 of them are also training images: without them [\d.]+ %$/,
  );
  expect(lines[2]).toMatch(/^most confused {2}\w+ taken for \w+: \d of [67]$/);
  expect(lines[3]).toBe("report         runs/first run/report.html");
  expect(existsSync("runs/first run/report.html")).toBe(true);
  const commands = commandsOf(lines);
  expect(commands).toEqual([
    ["predict", "my faces/validation/angry/0001.png", "--no-detect", "--model", "runs/first run"],
    ["evaluate", "runs/first run", "my faces"],
    ["serve", "--model", "runs/first run"],
  ]);
  for (const args of commands.slice(0, 2)) expect(await run(args), printed.err).toBe(0);
});

test("audit, without and with files", async () => {
  expect(await run(["data", "audit", faces, "--classes", "happy,sad,fear"]), printed.err).toBe(0);
  const first = card("to leave out");
  expect(first).toHaveLength(7);
  expect(first[0]).toMatch(/^to leave out {3}3 of 56 images \(5\.4 %\)/);
  const [again] = commandsOf(first);
  expect(again).toEqual(["data", "audit", faces, "--classes", "happy,sad,fear", "--out", "audited"]);
  expect(await run(again ?? []), printed.err).toBe(0);
  const lines = card("to leave out");
  expect(lines).toHaveLength(8);
  expect(lines[1]).toBe("leaks          1 image of validation is also in train, so scores are too high");
  expect(lines[2]).toBe("most confused  labels happy and sad: 1 doubtful case");
  expect(lines[3]).toBe(`report         ${join("audited", "audit.html")}`);
  for (const args of commandsOf(lines).filter(([name]) => name === "data"))
    expect(await run(args), printed.err).toBe(0);
  expect(existsSync("split.csv")).toBe(true);
});

test("at 60 columns no result breaks within a word or a number", async () => {
  const model = "runs/first run";
  const photo = join(faces, "validation/happy/0001.png");
  vi.stubEnv("COLUMNS", "60");
  for (const args of [
    ["data", "inspect", faces, "--no-sheet"],
    ["data", "audit", faces],
    ["data", "split", faces, "--validation", "0.2", "--test", "0.2", "--out", "narrow.csv"],
    ["evaluate", model, faces, "--robustness", "--pictures", "6"],
    ["compare", model, "vultus_s", faces],
    ["predict", photo, "--no-detect", "--model", model],
    ["predict", photo, "--no-detect", "--model", model, "--json"],
    ["runs"],
  ]) {
    printed.out = "";
    expect(await run(args), printed.err).toBe(0);
    if (args.includes("--json")) {
      JSON.parse(printed.out);
      continue;
    }
    const long = printed.out.split("\n").filter((line) => line.length > 60);
    expect(long, args.join(" ")).toEqual([]);
  }
  vi.stubEnv("COLUMNS", undefined);
});
