import { expect, test } from "vitest";
import { FormatError } from "./errors.ts";
import { decodeNumbers, encodeNumbers } from "./number-set.ts";
import { random } from "./random.ts";

test.each<[string, number[]]>([
  ["nothing", []],
  ["zero", [0]],
  ["one number of 40 bits", [2 ** 40 - 1]],
  ["neighbours", [0, 1, 2, 3, 4, 5]],
  ["neighbours far up", [2 ** 39, 2 ** 39 + 1, 2 ** 39 + 2]],
  ["a great gap after small ones", [1, 2, 3, 2 ** 40 - 1]],
])("%s is read as it was written", (_, numbers) => {
  expect(decodeNumbers(encodeNumbers(numbers), "a set")).toEqual(numbers);
});

test("random numbers cost b - log2(n) + 1.7 bits each, in any order and however often", () => {
  const rng = random("number set");
  const numbers = Array.from({ length: 5000 }, () => rng.integer(2 ** 8) * 2 ** 32 + rng.integer(2 ** 32));
  const bytes = encodeNumbers(numbers);
  expect((8 * bytes.length) / numbers.length).toBeLessThan(40 - Math.log2(5000) + 1.75);
  expect(encodeNumbers([...numbers, ...numbers].reverse())).toEqual(bytes);
  expect(decodeNumbers(bytes, "a set")).toEqual([...new Set(numbers)].sort((a, b) => a - b));
});

test("bytes that are cut short are refused by their name", () => {
  const bytes = encodeNumbers([5, 900, 70_000]);
  for (let length = 0; length < bytes.length; length++) {
    const read = (): number[] => decodeNumbers(bytes.subarray(0, length), "x.images");
    expect(read).toThrow(FormatError);
    expect(read).toThrow("x.images is damaged");
  }
});
