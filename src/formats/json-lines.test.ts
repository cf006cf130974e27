import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { FormatError } from "../util/errors.ts";
import { appendJsonLine, readJsonLines } from "./json-lines.node.ts";
import { encodeJsonLines, parseJsonLines } from "./json-lines.ts";

test("any JSON values come back as they were", () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (values) => {
      const plain = JSON.parse(JSON.stringify(values)) as unknown[];
      expect(parseJsonLines(encodeJsonLines(values), "log")).toEqual({ values: plain, warning: undefined });
    }),
    { numRuns: 300, seed: 1 },
  );
});

test("wherever a kill cuts the file, the whole lines before it are read and the loss is said", () => {
  const text = encodeJsonLines([{ a: 1 }, "two\nlines", [3]]);
  for (let length = 0; length <= text.length; length++) {
    const cut = text.slice(0, length);
    const ends = cut.split("\n").length - 1;
    const { values, warning } = parseJsonLines(cut, "events.jsonl");
    expect(values).toEqual([{ a: 1 }, "two\nlines", [3]].slice(0, ends));
    if (cut === "" || cut.endsWith("\n")) expect(warning).toBeUndefined();
    else expect(warning).toContain(`events.jsonl: the last line (${ends + 1})`);
  }
});

test("a damaged line that is not the last is an error with its number", () => {
  expect(() => parseJsonLines('{"a":1}\n\n{"b":\n{"c":3}\n', "log")).toThrow(/^log, line 3 is not JSON/);
  expect(() => encodeJsonLines([undefined])).toThrow(FormatError);
});

test("appending after a kill cuts off the torn line first", () => {
  const folder = mkdtempSync(join(tmpdir(), "vultus-lines-"));
  try {
    const path = join(folder, "events.jsonl");
    appendJsonLine(path, { step: 1 });
    appendFileSync(path, '{"step": 2, "lo');
    expect(readJsonLines(path).warning).toContain(path);
    appendJsonLine(path, { step: 2 });
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n');
    writeFileSync(path, "torn from the first byte");
    appendJsonLine(path, 1);
    expect(readJsonLines(path)).toEqual({ values: [1], warning: undefined });
    expect(() => appendJsonLine(join(folder, "none", "x"), 1)).toThrow("no such file or folder");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
