/** The checkpoint of a browser training: reading returns what was written; damaged or foreign checkpoints are refused. */

import { expect, test } from "vitest";
import { floatTensor } from "../util/tensor.ts";
import { decodeState, encodeState, type Identity, type KeptState } from "./kept-state.ts";
import { newProgress } from "./progress.ts";

const identity: Identity = { model: "f00d", classes: ["a", "b"], examples: "beef", recipe: { epochs: 3 } };
const state: KeptState = {
  tensors: new Map([
    ["head.weight", floatTensor([2, 1], [0.5, -1])],
    ["moment.head.weight", floatTensor([2, 1], [1e-30, 0])],
  ]),
  best: new Map([["head.weight", floatTensor([2, 1], [3, 4])]]),
  progress: { ...newProgress(), epoch: 1, step: 2, updates: 5 },
};

test("what was written is read", () => {
  const read = decodeState(encodeState(state, identity, "webgpu"), identity);
  expect(read).toEqual({ state, device: "webgpu" });
});

test("a checkpoint of another training is refused, with what differs", () => {
  const bytes = encodeState(state, identity, "cpu");
  expect(() => decodeState(bytes, { ...identity, classes: ["b", "a"], recipe: { epochs: 4 } })).toThrow(
    "the checkpoint belongs to another training (these differ: classes, recipe)",
  );
});

test("damaged bytes are no checkpoint", () => {
  const bytes = encodeState(state, identity, "cpu");
  expect(() => decodeState(bytes.subarray(0, 40), identity)).toThrow("the checkpoint is truncated");
  const text = new TextDecoder("latin1").decode(bytes).replace('\\"updates\\":5', '\\"updates\\":x');
  const damaged = Uint8Array.from(text, (character) => character.charCodeAt(0));
  expect(() => decodeState(damaged, identity)).toThrow("the checkpoint is damaged");
});
