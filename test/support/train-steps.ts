/**
 * Trains a small network for a few steps, reading its state in between: `node --import tsx train-steps.ts DEVICE` prints the
 * losses, and at most a thousand numbers of each tensor of the last state, as JSON.
 */

import { stateNames } from "../../src/program/program.ts";
import { compileTrain } from "../../src/program/train.ts";
import { localEngine } from "../../src/runtime/engine.ts";
import { openSession } from "../../src/runtime/session.node.ts";
import type { Device } from "../../src/runtime/session.ts";
import { Stepper } from "../../src/train/stepper.ts";
import { random } from "../../src/util/random.ts";
import { floatTensor, type StateDict, sizeOf, type Tensor } from "../../src/util/tensor.ts";
import { architecture, optimizer, weights } from "./small-step.ts";

const program = compileTrain({
  architecture,
  weights,
  batch: 8,
  trainable: () => true,
  input: { kind: "normalised" },
  batchNorm: "batch",
  optimizer,
  ema: 0.5,
});
const device = process.argv[2] as Device;
const engine = localEngine(({ model }) =>
  openSession(model, { device, threads: 1, carries: stateNames(program) }),
);
const stepper = await Stepper.open(engine, program, { rate: 1e-3 });
const rng = random("steps");
const shape = [8, 1, 16, 16];
const pictures = floatTensor(shape, Float32Array.from({ length: sizeOf(shape) }, rng.normal));
const targets = floatTensor(
  [8, 2],
  Float32Array.from({ length: 16 }, (_, i) => Number(i % 2 === (i >> 1) % 2)),
);
const losses: number[] = [];
let state: StateDict = new Map();
for (let step = 0; step < 4; step++) {
  // Loaded again halfway, as on resuming.
  if (step % 2 === 0) await stepper.load(weights, state, stepper.position);
  losses.push((await stepper.step({ pictures, targets })).loss);
  state = await stepper.state();
}
await stepper.release();
const sampled = ({ data }: Tensor): number[] => {
  const apart = Math.ceil(data.length / 1000);
  return Array.from(data as Float32Array).filter((_, i) => i % apart === 0);
};
const numbers = [...state].map(([name, tensor]) => [name, sampled(tensor)]);
console.log(JSON.stringify({ losses, state: Object.fromEntries(numbers) }));
