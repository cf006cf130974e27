/**
 * Trains a small network for a few steps, reading its state in between: `node --import tsx train-steps.ts DEVICE` prints
 * the losses, and of each tensor of the last state at most a thousand numbers, as JSON.
 */

import { stepNumbers } from "../../src/optim/optimizer.ts";
import { stateNames } from "../../src/program/program.ts";
import { compileTrain } from "../../src/program/train.ts";
import { localEngine } from "../../src/runtime/engine.ts";
import { openSession } from "../../src/runtime/session.node.ts";
import type { Device } from "../../src/runtime/session.ts";
import { initialState } from "../../src/train/state.ts";
import { random } from "../../src/util/random.ts";
import { floatTensor, sizeOf, type Tensor } from "../../src/util/tensor.ts";
import { architecture, optimizer, weights } from "./small-step.ts";

const program = compileTrain({
  architecture,
  weights,
  batch: 8,
  trainable: () => true,
  input: { kind: "normalised" },
  batchNorm: "batch",
  optimizer,
  ema: true,
});
const device = process.argv[2] as Device;
const engine = localEngine(({ model }) =>
  openSession(model, { device, threads: 1, carries: stateNames(program) }),
);
const open = await engine.open(program);
const rng = random("steps");
const shape = [8, 1, 16, 16];
const pictures = floatTensor(shape, Float32Array.from({ length: sizeOf(shape) }, rng.normal));
const targets = floatTensor(
  [8, 2],
  Float32Array.from({ length: 16 }, (_, i) => Number(i % 2 === (i >> 1) % 2)),
);
const losses: number[] = [];
let state = initialState(program, weights);
for (let step = 1; step <= 4; step++) {
  // Loaded anew halfway, as after a pause.
  if (step % 2 === 1) await open.load(state);
  const numbers = { ...stepNumbers(optimizer, step, 1e-3), averageShare: 0.5 };
  const scalars = Object.entries(numbers).map(([name, value]) => [name, floatTensor([], [value])]);
  const { loss } = await open.step({ pictures, targets, ...Object.fromEntries(scalars) });
  losses.push(Number(loss?.data[0]));
  state = await open.state();
}
await open.release();
const sampled = ({ data }: Tensor): number[] => {
  const apart = Math.ceil(data.length / 1000);
  return Array.from(data as Float32Array).filter((_, i) => i % apart === 0);
};
const numbers = Object.entries(state).map(([name, tensor]) => [name, sampled(tensor)]);
console.log(JSON.stringify({ losses, state: Object.fromEntries(numbers) }));
