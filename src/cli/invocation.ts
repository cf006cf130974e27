/** Commands that a person can paste: spelled as this process was called, with arguments quoted for the shell. */

import { existsSync, realpathSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { shellWord } from "../util/shell.ts";
import type { Spelling, Value } from "../util/spelling.ts";

/** What determines how a process was called. */
export interface Caller {
  /** The script that Node runs. */
  readonly script: string;
  /** Node's own options, such as `--import tsx`. */
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly platform: NodeJS.Platform;
}

/** How each package manager runs a program of a package, by the name in `npm_config_user_agent`. */
const runners: Readonly<Record<string, string>> = {
  npm: "npx vultus",
  pnpm: "pnpm exec vultus",
  yarn: "yarn vultus",
  bun: "bunx vultus",
};

/**
 * A command of vultus to paste, spelled as this process was called: `command("predict", "my photo.jpg")` returns
 * `npx vultus predict 'my photo.jpg'` if npx or an npm script called it, and `vultus predict …` if vultus is on the PATH.
 */
export function command(...args: readonly string[]): string {
  const { argv, execArgv, env, platform } = process;
  return commandOf({ script: argv[1] ?? "", execArgv, env, cwd: process.cwd(), platform }, ...args);
}

/** Like `command`, for a process that was called as `caller` describes. */
export function commandOf(caller: Caller, ...args: readonly string[]): string {
  return [program(caller), ...args.map((arg) => shellWord(arg, caller.platform))].join(" ");
}

/** Commands and flags whose names differ from those of their jobs and options. */
const commandNames: Readonly<Record<string, readonly string[]>> = {
  audit: ["data", "audit"],
  inspect: ["data", "inspect"],
  split: ["data", "split"],
  soften: ["data", "soften"],
  crop: ["data", "crop"],
  exportModel: ["export"],
};
/** Options of a job that are positional arguments of its command, in order. */
const positional: readonly string[] = ["run", "a", "b", "data"];
const flagNames: Readonly<Record<string, string>> = { overrides: "--set", teachers: "--teacher" };

/** Spells the options in messages of jobs as on the command line. */
export const onCommandLine: Spelling = {
  option: (name, value) =>
    flagsOf(flag(name), value ?? true)
      .map((word) => shellWord(word, process.platform))
      .join(" "),
  call(job, options) {
    const args = positional.flatMap((name) => options[name] ?? []).map(String);
    const flags = Object.entries(options).flatMap(([name, value]) =>
      positional.includes(name) ? [] : flagsOf(flag(name), value),
    );
    return command(...(commandNames[job] ?? [job]), ...args, ...flags);
  },
};

/** A list becomes one flag, a record one flag per entry. */
function flagsOf(name: string, value: Value | undefined): string[] {
  if (value === undefined) return [];
  if (value === true) return [name];
  if (typeof value !== "object") return [name, String(value)];
  if (value instanceof Array) return [name, value.join(",")];
  return Object.entries(value).flatMap(([key, to]) => [name, `${key}=${to}`]);
}

function flag(name: string): string {
  return (
    flagNames[name] ??
    `--${name.replaceAll(".", "-").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  );
}

function program(caller: Caller): string {
  const { script, execArgv, env, cwd, platform } = caller;
  const runner = runners[env.npm_config_user_agent?.split("/")[0] ?? ""];
  if (runner !== undefined) return runner;
  if (script === "" || isOnPath(caller)) return "vultus";
  const inside = relative(cwd, script);
  const path = inside.startsWith("..") ? script : inside;
  return ["node", ...[...execArgv, path].map((arg) => shellWord(arg, platform))].join(" ");
}

/** Whether the command `vultus` runs this script in a shell. */
function isOnPath({ script, env, platform }: Caller): boolean {
  const folders = (env.PATH ?? env.Path ?? "").split(delimiter).filter((folder) => folder !== "");
  if (platform === "win32") return folders.some((folder) => existsSync(join(folder, "vultus.cmd")));
  const first = folders.map((folder) => join(folder, "vultus")).find((path) => existsSync(path));
  return first !== undefined && existsSync(script) && realpathSync(first) === realpathSync(script);
}
