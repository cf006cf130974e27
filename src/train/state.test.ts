import { expect, test } from "vitest";
import type { Program } from "../program/program.ts";
import { floatTensor, type StateDict } from "../util/tensor.ts";
import { initialState, trainedWeights } from "./state.ts";

const program = {
  name: "train",
  tensors: [
    { name: "w", role: "parameter", dtype: "float32", shape: [2] },
    { name: "exp_sum.w", role: "moment", dtype: "float32", shape: [2] },
  ],
} as unknown as Program;
const weights: StateDict = new Map([["w", floatTensor([2], [1, 2])]]);

test("a phase starts with the weights, and moments at zero", () => {
  const state = initialState(program, weights);
  expect([state.w?.data, state["exp_sum.w"]?.data]).toEqual([Float32Array.of(1, 2), new Float32Array(2)]);
});

test("weights that are missing are refused, not taken for zeros", () => {
  expect(() => initialState(program, new Map([["other.w", floatTensor([2], [1, 2])]]))).toThrow(
    'the weights lack w [2]. Weights of a network with a scope carry it in their names, as in "left.layer1.weight"',
  );
});

test("a phase that was interrupted goes on with all that was saved", () => {
  const saved = new Map([
    ["w", floatTensor([2], [3, 4])],
    ["exp_sum.w", floatTensor([2], [5, 6])],
  ]);
  const state = initialState(program, weights, saved);
  expect([state.w?.data, state["exp_sum.w"]?.data]).toEqual([Float32Array.of(3, 4), Float32Array.of(5, 6)]);
});

test("moments of another version are not taken for none", () => {
  const saved = new Map([
    ["w", floatTensor([2], [3, 4])],
    ["exp_avg.w", floatTensor([2], [5, 6])],
  ]);
  expect(() => initialState(program, weights, saved)).toThrow(/lacks exp_sum\.w: another version/);
});

test("moving averages start at their weights, and go on with what was saved of them", () => {
  const average = { name: "average.w", role: "average", dtype: "float32", shape: [2] };
  const averaged = { ...program, tensors: [...program.tensors, average] } as Program;
  expect(initialState(averaged, weights)["average.w"]?.data).toEqual(Float32Array.of(1, 2));
  const saved = new Map(
    ["w", "exp_sum.w", "average.w"].map((name, i) => [name, floatTensor([2], [i, i])] as const),
  );
  expect(initialState(averaged, weights, saved)["average.w"]?.data).toEqual(Float32Array.of(2, 2));
});

test("trained weights are the moving averages if they are asked for, otherwise what the last update left", () => {
  const all: StateDict = new Map([...weights, ["frozen", floatTensor([1], [9])]]);
  const state: StateDict = new Map([
    ["w", floatTensor([2], [3, 4])],
    ["exp_sum.w", floatTensor([2], [5, 6])],
    ["average.w", floatTensor([2], [7, 8])],
  ]);
  const numbersOf = (averaged: boolean) =>
    [...trainedWeights(all, state, averaged)].map(([name, { data }]) => [name, ...data]);
  expect(numbersOf(true)).toEqual([
    ["w", 7, 8],
    ["frozen", 9],
  ]);
  expect(numbersOf(false)).toEqual([
    ["w", 3, 4],
    ["frozen", 9],
  ]);
});
