/** Values that no trained network has are refused by the tensor's name. */

import { expect, test } from "vitest";
import { FormatError } from "../util/errors.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { checkValues } from "./values.ts";

const kernel = Float32Array.from({ length: 72 }, (_, i) => Math.sin(i));
const weights = (changes: Readonly<Record<string, readonly number[] | Float32Array>> = {}): StateDict =>
  new Map(
    Object.entries({
      "conv.weight": kernel,
      "conv2.weight": kernel,
      "bn.running_var": [0, 2],
      "head.fc.weight": [0, 0],
      ...changes,
    }).map(([name, data]) => [
      name,
      floatTensor(/^conv2?\.weight$/.test(name) ? [8, 1, 3, 3] : [data.length], Float32Array.from(data)),
    ]),
  );
const check = (changes: Parameters<typeof weights>[0]) => () => checkValues(weights(changes), "a.pth");
const both = (value: (x: number) => number) => ({
  "conv.weight": kernel.map(value),
  "conv2.weight": kernel.map(value),
});
const at0 = (value: number) => kernel.with(0, value);

test("those of a trained network pass, zeros and constants among them", () => {
  expect(check({})).not.toThrow();
  expect(check({ "conv.weight": at0(0) })).not.toThrow();
  expect(check({ "conv.weight": kernel.map(() => 1) })).not.toThrow();
  expect(check({ "conv.weight": kernel.map((_, i) => i % 2) })).not.toThrow();
});

test.each([
  [
    "a value that is not a number",
    { "conv.weight": at0(Number.NaN) },
    /^a\.pth: the tensor conv\.weight contains 1 of 72 values that are infinite or not a number: .*earlier checkpoint$/,
  ],
  ["infinity", { "bn.running_var": [1, Number.POSITIVE_INFINITY] }, /bn\.running_var contains 1 of 2 values/],
  [
    "infinity in the head",
    { "head.fc.weight": [Number.NEGATIVE_INFINITY, 0] },
    /head\.fc\.weight contains 1 of 2/,
  ],
  ["a variance below 0", { "bn.running_var": [1, -1] }, /bn\.running_var contains variances below 0/],
  [
    "whole numbers",
    { "conv.weight": kernel.map((_, i) => i - 36) },
    /conv\.weight contains whole numbers only/,
  ],
  ["nothing but zeros", both(() => 0), /^a\.pth: all weights are 0/],
  [
    "small weights that were rounded to whole numbers",
    both((x) => Math.round(x)),
    /^a\.pth: all weights are whole numbers: .*before quantization$/,
  ],
])("%s is refused", (_, changes, message) => {
  expect(check(changes)).toThrow(FormatError);
  expect(check(changes)).toThrow(message);
});
