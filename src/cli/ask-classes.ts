/** Asks on a terminal which class an unclear name in the data means. */

import { createInterface } from "node:readline/promises";
import type { Renames, UnclearName } from "../data/class-names.ts";
import { onCommandLine } from "./invocation.ts";
import { say } from "./output.ts";

/** Asks a person a question and returns the line that they answer. */
export type Ask = (question: string) => Promise<string>;

/** Returns the answers as renames; undefined if a question got no answer. */
export async function askClasses(names: readonly UnclearName[], ask: Ask): Promise<Renames | undefined> {
  const renames: Record<string, string> = {};
  for (const { name, candidates } of names) {
    const choices = [...candidates, "a separate class"].map((choice, i) => `${i + 1} ${choice}`);
    const answer = (
      await ask(`Which class is "${name}"? ${choices.join(", ")}, or another class by name (Enter stops): `)
    ).trim();
    if (answer === "") return undefined;
    renames[name] =
      Number(answer) === candidates.length + 1 ? name : (candidates[Number(answer) - 1] ?? answer);
  }
  return renames;
}

/** Asks on the terminal; returns undefined without a terminal or an answer. */
export async function askOnTerminal(names: readonly UnclearName[]): Promise<Renames | undefined> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return undefined;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const stopped = new AbortController();
  lines.once("close", () => stopped.abort());
  try {
    return await askClasses(names, (question) =>
      lines.question(question, { signal: stopped.signal }).catch(() => ""),
    );
  } finally {
    lines.close();
  }
}

/** Returns the arguments of the same command with these renames, and prints the added options. */
export function withRenames(args: readonly string[], renames: Renames): string[] {
  const flags = Object.entries(renames).flatMap(([name, target]) => ["--rename", `${name}=${target}`]);
  say(`continuing with ${onCommandLine.option("rename", renames)}`);
  const end = args.indexOf("--");
  return end < 0 ? [...args, ...flags] : [...args.slice(0, end), ...flags, ...args.slice(end)];
}
