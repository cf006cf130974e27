import { beforeEach, expect, test } from "vitest";
import { capture, printed } from "../../test/support/printed.ts";
import { askClasses, withRenames } from "./ask-classes.ts";

beforeEach(capture);

const names = [
  { name: "happy_or_sad", candidates: ["happy", "sad"] },
  { name: "unhappy", candidates: ["happy"] },
];

function answering(...answers: readonly string[]) {
  const asked: string[] = [];
  const ask = (question: string): Promise<string> => {
    asked.push(question);
    return Promise.resolve(answers[asked.length - 1] ?? "");
  };
  return { asked, ask };
}

test("a number chooses, the last one keeps the name, a word is another class", async () => {
  const { asked, ask } = answering("2", " 2 ");
  expect(await askClasses(names, ask)).toEqual({ happy_or_sad: "sad", unhappy: "unhappy" });
  expect(asked[0]).toBe(
    'Which class is "happy_or_sad"? 1 happy, 2 sad, 3 a separate class, or another class by name (Enter stops): ',
  );
  expect(await askClasses(names, answering("1", "sad").ask)).toEqual({
    happy_or_sad: "happy",
    unhappy: "sad",
  });
});

test("without an answer nothing is guessed", async () => {
  expect(await askClasses(names, answering("1").ask)).toBeUndefined();
});

test("the command goes on with the flags that would have settled it, before a lone --", () => {
  expect(withRenames(["train", "--", "-photos"], { "sad =(": "sad", b: "c" })).toEqual([
    ...["train", "--rename", "sad =(=sad", "--rename", "b=c", "--", "-photos"],
  ]);
  expect(printed.err).toBe("continuing with --rename 'sad =(=sad' --rename b=c\n");
});
