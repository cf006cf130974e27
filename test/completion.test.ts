/** What the shells complete with the scripts that `vultus completion` prints. */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { ofOptions } from "../src/cli/completion/tree.ts";
import { run } from "../src/cli/main.ts";
import { backbones } from "../src/models/registry.ts";
import { capture, printed } from "./support/printed.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-completion-"));
const at = (...names: string[]): string => join(folder, ...names);
const has = (shell: string): boolean => spawnSync(shell, ["--version"]).status === 0;

beforeAll(async () => {
  const restore = capture();
  for (const shell of ["bash", "zsh", "fish"]) {
    printed.out = "";
    expect(await run(["completion", shell]), printed.err).toBe(0);
    writeFileSync(at(shell), printed.out);
  }
  restore();
  for (const name of ["runs/first", "runs/my second", "runs/quickstart/run", "runs/none"])
    mkdirSync(at(name), { recursive: true });
  for (const name of ["first", "my second", "quickstart/run"])
    writeFileSync(at("runs", name, "recipe.json"), "{}");
  writeFileSync(at("face.jpg"), "");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The output of a shell that reads this program. */
function printedBy(shell: string, args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(shell, args, {
    cwd: folder,
    encoding: "utf8",
    timeout: 60_000,
  });
  expect([status, stderr], shell).toEqual([0, ""]);
  return stdout;
}

type Completed = (...words: string[]) => string[];

const bash: Completed = (...words) => {
  const program = `source ./bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vultus; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return printedBy("bash", ["--norc", "-c", program, "bash", "vultus", ...words])
    .split("\n")
    .filter(Boolean);
};

const fish: Completed = (...words) =>
  printedBy("fish", ["--no-config", "-c", "source ./fish; complete -C $argv[1]", `vultus ${words.join(" ")}`])
    .split("\n")
    .filter(Boolean)
    .map((line) => (line.split("\t")[0] ?? "").replace(/\/$/, ""));

/** Types the words into an interactive zsh, and returns its list once that matches `until`. */
function zsh(words: string, until: string): string {
  const program = `
    zmodload zsh/zpty
    zpty z zsh -f -i
    zpty -w z 'PS1=; fpath=(. $fpath); autoload -U compinit; compinit -u -D; setopt NO_LIST_AMBIGUOUS; unsetopt ZLE_BRACKETED_PASTE; source ./zsh; print rea""dy'
    zpty -r z out '*ready*'
    zpty -w -n z $1$'\\t\\t'
    zpty -r z out $2
    print -r -- $out`;
  return stripVTControlCharacters(printedBy("zsh", ["-f", "-c", program, "zsh", words, until]));
}

describe.each([
  ["bash", bash],
  ["fish", fish],
] as const)("%s", (shell, completed) => {
  test.skipIf(!has(shell))("commands, and those within one", () => {
    expect(completed("tra")).toEqual(["train"]);
    expect(completed("")).toEqual(expect.arrayContaining(["quickstart", "runs", "models", "completion"]));
    expect(completed("data", "").sort()).toEqual(
      expect.arrayContaining(["audit", "inspect", "soften", "split"]),
    );
    expect(completed("data", "")).not.toContain("train");
  });

  test.skipIf(!has(shell))("options and their choices", () => {
    expect(completed("train", "photos", "--rec")).toEqual(["--recipe"]);
    expect(completed("data", "audit", "--fol")).toEqual(["--folds"]);
    expect(completed("predict", "--folds")).toEqual([]);
    expect(completed("train", "--device", "").sort()).toEqual([
      "auto",
      "coreml",
      "cpu",
      "cuda",
      "dml",
      "webgpu",
    ]);
    expect(completed("train", "--recipe", "ad")).toEqual(["adapt"]);
    expect(completed("train", "--model", "resnet1").sort()).toEqual(
      backbones
        .map(({ name }) => name)
        .filter((name) => name.startsWith("resnet1"))
        .sort(),
    );
    for (const name of ["fast", "thorough", "yunet"])
      expect(completed("predict", "--detector", name.slice(0, 2))).toContain(name);
    expect(completed("data", "crop", "--rotate", "").sort()).toEqual(["auto", "none"]);
    expect(completed("completion", "").sort()).toEqual(["bash", "fish", "zsh"]);
    expect(completed("train", "--seed", "")).toEqual([]);
  });

  test.skipIf(!has(shell))("models, and run folders, with spaces in their names too", () => {
    expect(completed("evaluate", "vultus_")).toEqual(["vultus_m", "vultus_s"]);
    const second = shell === "bash" ? "runs/my\\ second" : "runs/my second";
    expect(completed("evaluate", "runs/").sort()).toEqual(
      expect.arrayContaining(["runs/first", second, "runs/quickstart/run"].sort()),
    );
    expect(completed("train", "--resume", "runs/f")).toContain("runs/first");
    // The second argument of evaluate is data, but fish does not count arguments.
    if (shell === "bash") expect(completed("evaluate", "vultus_m", "vul")).toEqual([]);
  });
});

test.skipIf(!has("bash"))("bash takes --option=value apart, as readline does", () => {
  expect(bash("predict", "--model", "=", "vultus_m")).toEqual(["vultus_m"]);
  expect(bash("predict", "--model", "=")).toContain("vultus_s");
  expect(bash("predict", "--model", "=", "vultus_m", "--no-d")).toEqual(["--no-detect"]);
});

describe("zsh", () => {
  test.skipIf(!has("zsh"))("commands with what they do", () => {
    const listed = zsh("vultus data ", "*soften*split*");
    for (const name of ["audit", "inspect", "soften"])
      expect(listed).toMatch(new RegExp(`^${name} +-- `, "m"));
  });

  test.skipIf(!has("zsh"))("choices, models and run folders", () => {
    expect(zsh("vultus train --device ", "*webgpu*")).toMatch(/auto.*coreml/s);
    expect(zsh("vultus evaluate vultus_", "*vultus_s*")).toContain("vultus_m");
    expect(zsh("vultus report ", "*runs/quickstart/run*")).toContain("runs/first");
  });
});

test("every option that is given values by name is one of a command", async () => {
  vi.stubEnv("COLUMNS", "1000");
  const restore = capture();
  const commands = [[], ["data"]];
  const helps: string[] = [];
  for (const command of commands) {
    printed.out = "";
    expect(await run([...command, "--help"])).toBe(0);
    helps.push(printed.out);
    for (const [, name = ""] of printed.out.split("Commands:")[1]?.matchAll(/^ {2}([\w-]+)/gm) ?? [])
      if (name !== "help") {
        printed.out = "";
        expect(await run([...command, name, "--help"])).toBe(0);
        helps.push(printed.out);
      }
  }
  restore();
  vi.unstubAllEnvs();
  for (const option of Object.keys(ofOptions)) expect(helps.join("\n")).toContain(`  ${option}`);
});
