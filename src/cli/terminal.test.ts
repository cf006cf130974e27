import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileLink, styled, widthOf } from "./terminal.ts";

beforeEach(() => {
  for (const name of ["FORCE_COLOR", "NO_COLOR", "COLUMNS", "FORCE_HYPERLINK", "CI"])
    vi.stubEnv(name, undefined);
});
afterEach(() => vi.unstubAllEnvs());

/** A stream as `process.stdout` is on a terminal, or in a pipe. */
function stream(isTTY: boolean): NodeJS.WriteStream {
  const { getColorDepth } = process.stdout.constructor.prototype as NodeJS.WriteStream;
  return Object.assign(Object.create(process.stdout) as NodeJS.WriteStream, {
    isTTY,
    columns: isTTY ? 72 : undefined,
    getColorDepth: getColorDepth ?? (() => (process.env.NO_COLOR === undefined ? 4 : 1)),
  });
}

test("a terminal has a width, a pipe has none, and COLUMNS overrides both", () => {
  expect([widthOf(stream(true)), widthOf(stream(false))]).toEqual([72, undefined]);
  vi.stubEnv("COLUMNS", "60");
  expect([widthOf(stream(true)), widthOf(stream(false))]).toEqual([60, 60]);
  vi.stubEnv("COLUMNS", "wide");
  expect(widthOf(stream(true))).toBe(72);
});

test.each([["bold"], [["bold", "red"]]] as const)("%j on a terminal only", (style) => {
  expect(styled(style, "x", stream(true))).toContain("\u001b[1m");
  expect(styled(style, "x", stream(false))).toBe("x");
  vi.stubEnv("NO_COLOR", "1");
  expect(styled(style, "x", stream(true))).toBe("x");
});

test("a link if the terminal has links, else the path", () => {
  expect(fileLink("a b/report.html", stream(false))).toBe("a b/report.html");
  vi.stubEnv("FORCE_HYPERLINK", "1");
  expect(fileLink("/a b/report.html", stream(true))).toBe(
    "\u001b]8;;file:///a%20b/report.html\u0007/a b/report.html\u001b]8;;\u0007",
  );
});
