/** Captures the output of the command under test: `beforeEach(capture)`, then read `printed`. */

import { expect, vi } from "vitest";
import { run } from "../../src/cli/main.ts";

export const printed = { out: "", err: "" };

/** Clears both texts and captures further output; returns a function that undoes it. */
export function capture(): () => void {
  printed.out = "";
  printed.err = "";
  // Vitest asks for colours, which a pipe does not support.
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((printed.out += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((printed.err += String(text)), true));
  return () => vi.restoreAllMocks();
}

/** The output of a command with `--json`. It must succeed. */
export async function printedJson<T>(...args: string[]): Promise<T> {
  printed.out = "";
  expect(await run([...args, "--json"]), printed.err).toBe(0);
  return JSON.parse(printed.out) as T;
}
