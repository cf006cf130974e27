import { appendFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { random } from "../../util/random.ts";
import { beginning, linesAfter, type Mark } from "./tail.ts";

const folder = mkdtempSync(join(tmpdir(), "vultus-tail-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a log that is written in any pieces and read at any moments is reported whole, once and in order", async () => {
  const rng = random("tail");
  const lines = Array.from({ length: 300 }, (_, i) =>
    JSON.stringify({ i, text: "é→😀".repeat(rng.integer(60)) }),
  );
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  const path = join(folder, "grows.jsonl");
  const told: string[] = [];
  let mark: Mark = beginning;
  for (let written = 0; written < bytes.length; ) {
    const piece = bytes.subarray(written, written + 1 + rng.integer(700));
    appendFileSync(path, piece);
    written += piece.length;
    // Small chunks, so that some lines end at the end of a chunk.
    const tail = await linesAfter(path, mark, 900);
    expect(tail.restarted).toBe(false);
    told.push(...tail.lines);
    mark = tail.mark;
  }
  while (mark.offset < bytes.length) {
    const tail = await linesAfter(path, mark, 900);
    told.push(...tail.lines);
    mark = tail.mark;
  }
  expect(told).toEqual(lines);
  expect(await linesAfter(path, mark)).toEqual({ lines: [], mark, restarted: false, more: false });
});

test("a torn line is reported once it is whole, and one that is cut off never", async () => {
  const path = join(folder, "torn.jsonl");
  writeFileSync(path, '{"a":1}\n{"b":');
  const first = await linesAfter(path, beginning);
  expect(first.lines).toEqual(['{"a":1}']);
  // Simulates appendJsonLine after its process was killed.
  truncateSync(path, 8);
  appendFileSync(path, '{"c":3}\n');
  const second = await linesAfter(path, first.mark);
  expect([second.lines, second.restarted]).toEqual([['{"c":3}'], false]);
});

test.each([
  ["shorter", '{"new":1}\n', ['{"new":1}']],
  [
    "longer",
    `{"new":1}\n${'{"more":2}\n'.repeat(30)}`,
    ['{"new":1}', ...Array<string>(30).fill('{"more":2}')],
  ],
  ["as long", '{"old":7}\n{"old":8}\n', ['{"old":7}', '{"old":8}']],
  ["empty", "", []],
])("a log that was replaced by one that is %s is reported from its beginning", async (_, text, lines) => {
  const path = join(folder, "replaced.jsonl");
  writeFileSync(path, '{"old":1}\n{"old":2}\n');
  const { mark } = await linesAfter(path, beginning);
  writeFileSync(path, text);
  const tail = await linesAfter(path, mark);
  expect([tail.lines, tail.restarted]).toEqual([lines, true]);
  expect((await linesAfter(path, tail.mark)).restarted).toBe(false);
});

test("a log that begins later, one that is removed, and a line that never ends", async () => {
  const path = join(folder, "later.jsonl");
  expect(await linesAfter(path, beginning)).toEqual({
    lines: [],
    mark: beginning,
    restarted: false,
    more: false,
  });
  writeFileSync(path, `${"x".repeat(5000)}\n{"ok":1}\n`);
  let mark: Mark = beginning;
  const told: string[] = [];
  for (let more = true; more; ) {
    const tail = await linesAfter(path, mark, 1000);
    told.push(...tail.lines);
    ({ mark, more } = tail);
  }
  expect(told.at(-1)).toBe('{"ok":1}');
  rmSync(path);
  expect(await linesAfter(path, mark)).toMatchObject({ lines: [], mark: beginning, restarted: true });
});

test("a folder in place of the log says nothing", async () => {
  const path = join(folder, "folder.jsonl");
  mkdirSync(path);
  expect(await linesAfter(path, beginning)).toEqual({
    lines: [],
    mark: beginning,
    restarted: false,
    more: false,
  });
});
