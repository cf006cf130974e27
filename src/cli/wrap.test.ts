import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { cutToFit, lengthOf, wrapped, wrappedCommand } from "./wrap.ts";

test("breaks between words, and indents what follows", () => {
  expect(wrapped("one two three four", 9)).toBe("one two\n  three\n  four");
  expect(wrapped("  one two three", 8)).toBe("  one\n    two\n    three");
  expect(wrapped("- one two three", 10)).toBe("- one two\n  three");
});

test("what follows stands below the second column", () => {
  expect(wrapped("accuracy  68.3 % (95 % interval 66.1 to 70.2)", 30)).toBe(
    "accuracy  68.3 % (95 %\n          interval 66.1 to\n          70.2)",
  );
});

test("short lines, and text without a width, stay as they are", () => {
  const text = "a   b\n\n  c  \n";
  expect(wrapped(text, 10)).toBe(text);
  expect(wrapped("one two three", undefined)).toBe("one two three");
});

test("a word that is too long stays whole", () => {
  expect(wrapped("see runs/a-long-folder/report.html now", 12)).toBe(
    "see\n  runs/a-long-folder/report.html\n  now",
  );
});

test("a command in backticks is one word", () => {
  expect(wrapped("continue with `vultus train --resume a`, or stop", 32)).toBe(
    "continue with\n  `vultus train --resume a`, or\n  stop",
  );
});

test("a number and its unit are one word", () => {
  expect(wrapped("right: 21.7 %, in 2.5 s each", 12)).toBe("right:\n  21.7 %, in\n  2.5 s each");
});

test("escape sequences take no place", () => {
  const link = "\u001b]8;;file:///a/long/address\u0007report\u001b]8;;\u0007";
  expect(lengthOf(`\u001b[1m${link}\u001b[22m`)).toBe(6);
  expect(wrapped(`a ${link} b`, 10)).toBe(`a ${link} b`);
});

test("a live line is cut between its columns, or between words", () => {
  expect(cutToFit("step 3 of 9  loss 0.51  left 3 s", 25)).toBe("step 3 of 9  loss 0.51");
  expect(cutToFit("reading the images of a folder", 20)).toBe("reading the images");
  expect(cutToFit("reading", 20)).toBe("reading");
  expect(cutToFit("a-path-without-spaces", 10)).toBe("a-path-wit");
});

test("a command that is too long is broken between its words, and a shell reads it as it was", () => {
  const command = "printf %s- 'my photo.jpg' --model runs/a 'it'\\''s' end";
  const broken = wrappedCommand(command, 20, "linux");
  expect(broken.split("\n").length).toBeGreaterThan(2);
  expect(Math.max(...broken.split("\n").map(lengthOf))).toBeLessThanOrEqual(20);
  const output = (text: string): string => execFileSync("/bin/sh", ["-c", text], { encoding: "utf8" });
  expect(output(broken)).toBe(output(command));
  expect(output(broken)).toBe("my photo.jpg---model-runs/a-it's-end-");
  expect(wrappedCommand(command, 20, "win32")).toBe(command);
  expect(wrappedCommand(command, undefined, "linux")).toBe(command);
});
