/** State that only its own update reads is stored once, and a failed step is detected. */

import { expect, test } from "vitest";
import { nextName, type ProgramTensor } from "../program/program.ts";
import { floatTensor } from "../util/tensor.ts";
import { carriedInMemory } from "./carried-in-memory.ts";
import type { Tensors } from "./session.ts";

const tensor = { dtype: "float32", shape: [2] } as const;
const tensors: readonly ProgramTensor[] = [
  { ...tensor, name: "w", role: "parameter" },
  { ...tensor, name: "exp_sum.w", role: "moment" },
  { ...tensor, name: "average.w", role: "average" },
  { ...tensor, name: "accumulator.w", role: "accumulator" },
  { ...tensor, name: "x", role: "feed" },
  { ...tensor, name: "loss", role: "metric" },
];
const state = Object.fromEntries(
  ["w", "exp_sum.w", "average.w", "accumulator.w"].map((name) => [name, floatTensor([2], [1, 2])]),
);

type Run = (feeds: Tensors, outputs?: Tensors) => Promise<Tensors>;

function carried(run: Run) {
  const memory = carriedInMemory({ name: "train", tensors }, { run, release: async () => {} });
  memory.load(state);
  return memory;
}

test("moments, averages and accumulators are written over, weights are not", async () => {
  const shared: string[] = [];
  const memory = carried(async (feeds, outputs = {}) => {
    for (const name of Object.keys(state))
      if (feeds[name]?.data === outputs[nextName(name)]?.data) shared.push(name);
    for (const output of Object.values(outputs)) (output.data as Float32Array).fill(7);
    return outputs;
  });
  await memory.step({ x: floatTensor([2], [0, 0]) });
  expect(shared).toEqual(["exp_sum.w", "average.w", "accumulator.w"]);
  const after = await memory.read();
  expect(Object.values(after).map(({ data }) => [...data])).toEqual(Array(4).fill([7, 7]));
  // The caller's tensors are unchanged.
  expect([...(state["exp_sum.w"]?.data ?? [])]).toEqual([1, 2]);
});

test("a runtime that cannot write into what it is given returns the next state as new tensors", async () => {
  const fed: number[][] = [];
  const memory = carried(async (feeds) => {
    fed.push(Object.keys(state).map((name) => feeds[name]?.data[0] as number));
    const next = Object.keys(state).map((name, i) => [
      nextName(name),
      floatTensor([2], [10 * fed.length + i, 0]),
    ]);
    return { ...Object.fromEntries(next), loss: floatTensor([2], [fed.length, 0]) };
  });
  const x = floatTensor([2], [0, 0]);
  expect([...((await memory.step({ x })).loss?.data ?? [])]).toEqual([1, 0]);
  expect(Object.keys(await memory.step({ x }))).toEqual(["loss"]);
  expect(fed).toEqual([
    [1, 1, 1, 1],
    [10, 11, 12, 13],
  ]);
  expect(Object.values(await memory.read()).map(({ data }) => data[0])).toEqual([20, 21, 22, 23]);
});

test("a step that fails halfway loses the state until it is loaded again, refused feeds do not", async () => {
  const memory = carried(() => Promise.reject(new Error("no memory")));
  for (const feeds of [{}, { x: floatTensor([3], [0, 0, 0]) }]) {
    await expect(memory.step(feeds)).rejects.toThrow("no memory");
    expect([...((await memory.read()).w?.data ?? [])]).toEqual([1, 2]);
  }
  const feeds = { x: floatTensor([2], [0, 0]) };
  await expect(memory.step(feeds)).rejects.toThrow("no memory");
  await expect(memory.step(feeds)).rejects.toThrow("a step of train failed halfway, and its state is lost");
  await expect(memory.read()).rejects.toThrow("its state is lost");
  memory.load(state);
  expect([...((await memory.read()).w?.data ?? [])]).toEqual([1, 2]);
});
