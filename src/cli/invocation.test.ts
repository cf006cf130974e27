import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { callTo, option, spelledAs } from "../util/spelling.ts";
import { type Caller, command, commandOf, onCommandLine } from "./invocation.ts";

let folder = "";
let script = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vultus-invocation-"));
  script = join(folder, "vultus.js");
  writeFileSync(script, "");
  symlinkSync(script, join(folder, "vultus"));
});

afterAll(() => rmSync(folder, { recursive: true }));

const called = (changes: Partial<Caller>): Caller => ({
  ...{ script, execArgv: [], env: {}, cwd: "/elsewhere", platform: "linux" },
  ...changes,
});
const by = (agent: string): Caller => called({ env: { npm_config_user_agent: agent, PATH: folder } });

test("a command is spelled as the package manager spells it that called this one", () => {
  expect(commandOf(by("npm/10.9.2 node/v22.12.0 linux x64"), "models")).toBe("npx vultus models");
  expect(commandOf(by("pnpm/9.1.0 npm/? node/v22"), "models")).toBe("pnpm exec vultus models");
  expect(commandOf(by("yarn/4.0.0 npm/? node/v22"), "models")).toBe("yarn vultus models");
  expect(commandOf(by("bun/1.1.0 npm/? node/v22"), "models")).toBe("bunx vultus models");
});

test("what lies on the PATH is called by its name, and only if it is this one", () => {
  expect(commandOf(called({ env: { PATH: `/nowhere:${folder}` } }), "models")).toBe("vultus models");
  expect(commandOf(called({ script: join(folder, "vultus"), env: { PATH: folder } }))).toBe("vultus");
  const other = join(folder, "other.js");
  writeFileSync(other, "");
  expect(commandOf(called({ script: other, env: { PATH: folder } }), "models")).toBe(`node ${other} models`);
});

test("a script that Node was told to run is run in the same way, by the shorter path", () => {
  expect(commandOf(called({}), "models")).toBe(`node ${script} models`);
  expect(commandOf(called({ cwd: folder, execArgv: ["--import", "tsx"] }), "models")).toBe(
    "node --import tsx vultus.js models",
  );
});

test("a shell takes every quoted argument for one word and changes nothing in it", () => {
  const words = [
    "my photo.jpg",
    "it's",
    "$HOME",
    "`id`",
    "a\\b",
    "~",
    "*",
    "=ls",
    "a=b",
    "",
    "é/日本.png",
    "!!",
    "#x",
  ];
  const line = commandOf(called({ env: { npm_config_user_agent: "npm/10" } }), ...words);
  const script = line.replace(/^npx vultus/, "printf '%s\\n'");
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(
    words.map((word) => `${word}\n`).join(""),
  );
  expect(line).toContain(" 'my photo.jpg' ");
  expect(line).toContain(" a=b ");
  expect(line).toContain(" é/日本.png ");
});

test("Windows' shells get double quotes", () => {
  const caller = called({ platform: "win32", env: { npm_config_user_agent: "npm/10" } });
  expect(commandOf(caller, "predict", "C:\\my photo.jpg", "runs\\a")).toBe(
    'npx vultus predict "C:\\my photo.jpg" runs\\a',
  );
});

test("without anything given it describes this process", () => {
  expect(command("predict", "my photo.jpg")).toMatch(/ predict 'my photo\.jpg'$/);
});

test("jobs spell calls and options as programs do, and as flags while the command line runs", async () => {
  const options = {
    data: ["my photos"],
    out: "faces",
    rename: { "not happy": "sad" },
    allowUnreadable: true,
  } as const;
  expect(callTo("crop", options)).toBe(
    'crop({ data: ["my photos"], out: "faces", rename: {"not happy":"sad"}, allowUnreadable: true })',
  );
  expect(option("out")).toBe("`out`");
  const [call, flags] = await spelledAs(onCommandLine, async () => [
    callTo("crop", options),
    `${option("rename", { a: "b", "c d": "e" })} ${option("detector.size", 640)}`,
  ]);
  expect(call).toMatch(/ data crop 'my photos' --out faces --rename 'not happy=sad' --allow-unreadable$/);
  expect(flags).toBe("--rename a=b --rename 'c d=e' --detector-size 640");
});
