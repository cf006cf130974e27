/** What the command under test prints: `beforeEach(capture)`, then look at `printed`. */

import { vi } from "vitest";

export const printed = { out: "", err: "" };

/** Empties both texts and catches what is written from now on; returns what undoes it. */
export function capture(): () => void {
  printed.out = "";
  printed.err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => ((printed.out += String(text)), true));
  vi.spyOn(process.stderr, "write").mockImplementation((text) => ((printed.err += String(text)), true));
  return () => vi.restoreAllMocks();
}
