import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeEach, expect, test, vi } from "vitest";
import { capture, printed } from "../../test/support/printed.ts";
import { unreadableCodes } from "../data/unreadable.ts";
import { exitCodes } from "./failure.ts";
import { run } from "./main.ts";
import { expectResult, hasResult, resultAsIs } from "./output.ts";

beforeEach(capture);

const stack = /^ {4}at .*\.ts:\d+:\d+\)?$/m;

test.each([[["--debug"]], [[]]])("a wrong request with %j", async (debug) => {
  expect(await run(["evaluate", "/nowhere", "/nowhere", ...debug])).toBe(2);
  expect(printed.err).toMatch(/^vultus: \/nowhere does not exist/);
  expect(stack.test(printed.err)).toBe(debug.length > 0);
  expect(printed.err).not.toMatch(/(bug in|fault of) vultus/);
});

test.each([
  ["wrong_request", 2, ["evaluate", "/nowhere", "/nowhere"], /^\/nowhere does not exist/],
  ["wrong_request", 2, ["models", "--none"], /^unknown option '--none'/],
  ["wrong_content", 1, ["evaluate", fileURLToPath(import.meta.url), "/nowhere"], /main\.test\.ts/],
])("with --json a failure is the document: %s", async (code, exitCode, args, message) => {
  expect(await run([...args, "--json"])).toBe(exitCode);
  expect(JSON.parse(printed.out)).toEqual({
    error: { code, message: expect.stringMatching(message) as unknown },
  });
  expect(printed.err).not.toBe("");
});

test("a result that has begun is not followed by a failure, and without --json stdout stays empty", async () => {
  expect(await run(["evaluate", "/nowhere", "/nowhere"])).toBe(2);
  expect(printed.out).toBe("");
  expectResult();
  resultAsIs("[");
  expect(hasResult()).toBe(true);
});

test("the documents list the codes of failures and of unreadable images", () => {
  const documented = (file: string): string[] =>
    [
      ...readFileSync(new URL(`../../docs/how-to/${file}`, import.meta.url), "utf8").matchAll(
        /^\| `([a-z_]+)` +\|/gm,
      ),
    ].map(([, code]) => code as string);
  expect(documented("command-line.md")).toEqual(expect.arrayContaining(Object.keys(exitCodes)));
  expect(documented("data.md")).toEqual(expect.arrayContaining([...unreadableCodes]));
});

test.each([[["--debug"]], [[]]])("a bug in vultus with %j", async (debug) => {
  vi.mocked(process.stdout.write).mockImplementation(() => {
    throw new TypeError("as injected");
  });
  expect(await run([...debug, "models", "--no-speed"])).toBe(1);
  expect(printed.err).toMatch(/^vultus: as injected$/m);
  expect(stack.test(printed.err)).toBe(debug.length > 0);
  expect(printed.err.includes("run the command again with --debug and report it")).toBe(debug.length === 0);
});
