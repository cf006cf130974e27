import { stripVTControlCharacters } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { capture, printed } from "../../test/support/printed.ts";
import { run } from "./main.ts";

beforeEach(capture);
afterEach(() => vi.unstubAllEnvs());

/** The help of a command on a terminal of so many columns. */
async function helpOf(command: readonly string[], columns: number): Promise<string> {
  vi.stubEnv("COLUMNS", String(columns));
  printed.out = "";
  expect(await run([...command, "--help"]), printed.err).toBe(0);
  return printed.out;
}

/** The commands that a help lists. */
function listed(help: string): string[] {
  const [, list = ""] = help.split("Commands:\n");
  return [...list.matchAll(/^ {2}(\w[\w-]*)/gm)].flatMap(([, name = ""]) => (name === "help" ? [] : [name]));
}

const words = (text: string): string[] => text.split(/\s+/).filter(Boolean);

describe("at 60 columns", () => {
  test("no help has a longer line, and every word stays whole", async () => {
    const names = listed(await helpOf([], 60));
    expect(names).toContain("train");
    const inData = listed(await helpOf(["data"], 60));
    expect(inData).toContain("audit");
    for (const command of [[], ...names.map((name) => [name]), ...inData.map((name) => ["data", name])]) {
      const [narrow, wide] = [await helpOf(command, 60), await helpOf(command, 1000)];
      expect(narrow.split("\n").filter((line) => line.length > 60)).toEqual([]);
      expect(words(narrow)).toEqual(words(wide));
    }
  });

  test("an error breaks between words", async () => {
    vi.stubEnv("COLUMNS", "60");
    expect(await run(["evaluate", "/nowhere", "/nowhere"])).toBe(2);
    const lines = printed.err.trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1);
    expect(lines.filter((line) => line.length > 60)).toEqual([]);
    expect(await run(["evaluate"])).toBe(2);
    expect(printed.err).toMatch(/^vultus: missing required argument/m);
  });
});

describe("colours", () => {
  test("there are none in a pipe", async () => {
    expect(await helpOf(["train"], 80)).not.toContain("\u001b");
  });

  test("FORCE_COLOR asks for them, NO_COLOR forbids them", async () => {
    vi.stubEnv("FORCE_COLOR", "1");
    const coloured = await helpOf(["train"], 80);
    expect(coloured).toContain("\u001b[1mUsage:\u001b[22m");
    expect(await run(["evaluate", "/nowhere", "/nowhere"])).toBe(2);
    expect(printed.err).toContain("\u001b[31m\u001b[1mvultus:");
    vi.stubEnv("FORCE_COLOR", undefined);
    vi.stubEnv("NO_COLOR", "1");
    const plain = await helpOf(["train"], 80);
    expect(plain).toBe(stripVTControlCharacters(coloured));
  });
});
