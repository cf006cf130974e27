/** The suggestions of a report can be pasted: commands are valid in a shell, and programs run. */

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { emptyRun } from "../../../test/support/empty-run.ts";
import { evaluationSchema } from "../run-record.ts";
import { next, nodeProgram, pythonProgram, use } from "./next.ts";

const evaluation = evaluationSchema.parse({
  n: 20,
  split: "validation",
  classes: ["<b>happy", "sad"],
  confusion: [
    [9, 1],
    [4, 6],
  ],
  accuracy: 0.75,
  interval: [0.55, 0.9],
  majority: 0.5,
});
const run = { ...emptyRun, folder: "runs/it's mine", evaluation };

test("a run without a score has neither", () => {
  expect(next(emptyRun)).toBeUndefined();
  expect(use(emptyRun)).toBeUndefined();
});

test("advice names classes as text", () => {
  const html = next({ ...run, evaluation: { ...evaluation, classes: ["sad", "<b>happy"] } })?.html;
  expect(html).toContain("Look at the mistakes on &lt;b&gt;happy");
  expect(html).not.toContain("<b>happy");
});

test("a shell takes every command for the words that are meant", () => {
  const commands = [...(use(run)?.html ?? "").matchAll(/<pre class="command"><code>(.*?)<\/code>/g)].map(
    ([, text = ""]) => text.replaceAll("&quot;", '"'),
  );
  expect(commands).toHaveLength(4);
  for (const command of commands) {
    const script = command.replace(/^npx vultus/, "printf '%s\\n'");
    const words = execFileSync("sh", ["-c", script], { encoding: "utf8" }).trimEnd().split("\n");
    expect(words).toContain("runs/it's mine");
  }
});

test("paths and classes are text in the programs", () => {
  expect(nodeProgram('a"b')).toContain('model: "a\\"b"');
  expect(pythonProgram("a/best.onnx", ['"', "é"])).toContain('classes = ["\\"","é"]');
});
