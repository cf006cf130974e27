import { beforeEach, expect, test, vi } from "vitest";
import { capture, printed } from "../../test/support/printed.ts";
import { run } from "./main.ts";

beforeEach(capture);

const stack = /^ {4}at .*\.ts:\d+:\d+\)?$/m;

test.each([[["--debug"]], [[]]])("a wrong request with %j", async (debug) => {
  expect(await run(["evaluate", "/nowhere", "/nowhere", ...debug])).toBe(2);
  expect(printed.err).toMatch(/^vultus: \/nowhere does not exist/);
  expect(stack.test(printed.err)).toBe(debug.length > 0);
  expect(printed.err).not.toContain("fault of vultus");
});

test.each([[["--debug"]], [[]]])("a fault of vultus with %j", async (debug) => {
  vi.mocked(process.stdout.write).mockImplementation(() => {
    throw new TypeError("as injected");
  });
  expect(await run([...debug, "models", "--no-speed"])).toBe(1);
  expect(printed.err).toMatch(/^vultus: as injected$/m);
  expect(stack.test(printed.err)).toBe(debug.length > 0);
  expect(printed.err.includes("run again with --debug and report it")).toBe(debug.length === 0);
});
