/** What the command under test prints: `beforeEach(capture)`, then look at `printed`. */

import { expect, vi } from "vitest";
import { run } from "../../src/cli/main.ts";

export const printed = { out: "", err: "" };

/** Empties both texts and catches what is written from now on; returns what undoes it. */
export function capture(): () => void {
  printed.out = "";
  printed.err = "";
  // Vitest asks for colours, which a pipe does not have.
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((printed.out += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((printed.err += String(text)), true));
  return () => vi.restoreAllMocks();
}

/** What a command prints with `--json`. It must end well. */
export async function printedJson<T>(...args: string[]): Promise<T> {
  printed.out = "";
  expect(await run([...args, "--json"]), printed.err).toBe(0);
  return JSON.parse(printed.out) as T;
}
