import { expect, test } from "vitest";
import { didYouMean, nearest } from "./nearest.ts";

const classes = ["angry", "fear", "happy", "neutral", "sad", "surprise"];

test.each([
  ["hapy", "happy"],
  ["SUPRISE", "surprise"],
  ["nuetral", "neutral"],
  ["asd", "sad"],
])("%s is nearest to %s", (word, expected) => {
  expect(nearest(word, classes)).toBe(expected);
});

test("nothing is nearest to a word that resembles none", () => {
  expect(nearest("contemptuous", classes)).toBeUndefined();
  expect(nearest("", classes)).toBeUndefined();
  expect(didYouMean("zzzz", classes)).toBe("");
});

test("a swap of neighbours counts once, so it beats two substitutions", () => {
  expect(nearest("ab", ["ba", "cd"])).toBe("ba");
});

test("didYouMean reads as the end of a message", () => {
  expect(didYouMean("hapy", classes)).toBe(' Did you mean "happy"?');
});
