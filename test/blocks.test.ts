/** A train step whose maps use ONNX Runtime's blocked layout computes the same results as one without. */

import { expect, test } from "vitest";
import { attentionKinds } from "../src/nn/attention.ts";
import { adamwDefaults } from "../src/optim/optimizer.ts";
import { stateOf, toCanonical } from "../src/program/program.ts";
import { compileTrain } from "../src/program/train.ts";
import { blockOf } from "../src/runtime/blocks.ts";
import { localEngine } from "../src/runtime/engine.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { Stepper } from "../src/train/stepper.ts";
import { random } from "../src/util/random.ts";
import { floatTensor, sizeOf, type Tensor } from "../src/util/tensor.ts";
import { familyArchitecture, livelyWeights, mobile, next } from "./support/families.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }), "cpu");
const block = await blockOf(engine);
const [SIZE, CLASSES] = [24, 4];

type Options = Pick<Parameters<typeof compileTrain>[0], "batchNorm" | "architecture" | "batch" | "block">;

/** The loss of a step, and every tensor after it. */
async function step(options: Options) {
  const weights = livelyWeights(options.architecture);
  const program = compileTrain({
    ...options,
    weights,
    trainable: () => true,
    input: { kind: "normalised" },
    optimizer: { type: "adamw", learningRate: 1e-4, weightDecay: 0, ...adamwDefaults },
    stochasticDepth: 0.5,
    labelSmoothing: 0,
    exposeGradients: true,
  });
  const stepper = await Stepper.open(engine, program, { rate: 1e-4 });
  await stepper.load(weights);
  const shape = [options.batch, 3, SIZE, SIZE];
  const pictures = Float32Array.from({ length: sizeOf(shape) }, random("pictures").normal);
  const targets = Float32Array.from({ length: options.batch * CLASSES }, (_, i) =>
    (i >> 2) % 4 === i % 4 ? 1 : 0,
  );
  const { loss, outputs } = await stepper.step({
    pictures: floatTensor(shape, pictures),
    targets: floatTensor([options.batch, CLASSES], targets),
  });
  const state = await stepper.state();
  await stepper.release();
  // Each program may hold a weight in its own layout.
  const gradients = new Map(
    stateOf(program)
      .filter(({ name }) => outputs[`gradient.${name}`])
      .map((entry) => [entry.name, toCanonical(entry, outputs[`gradient.${entry.name}`] as Tensor).data]),
  );
  return { loss, gradients, state, file: new TextDecoder("latin1").decode(program.model) };
}

const kinds = [undefined, ...attentionKinds];
test
  .skipIf(block === undefined)
  .each([
    ...kinds.flatMap((attention) =>
      (["running", "batch"] as const).map(
        (batchNorm) => ["mobile", batchNorm, attention ?? "no", 16, mobile] as const,
      ),
    ),
    ["mobile", "running", "no", 32, mobile] as const,
    ["mobile", "running", "no", 8, mobile] as const,
    ["next", "running", "no", 16, next] as const,
  ])("%s, %s statistics, %s attention, batch %i", async (_, batchNorm, attention, batch, backbone) => {
  const architecture = {
    ...familyArchitecture(backbone, { inputSize: SIZE }),
    ...(attention === "no" ? {} : { attention }),
  };
  const plain = await step({ architecture, batchNorm, batch });
  const blocked = await step({ architecture, batchNorm, batch, block });
  expect(blocked.file).toContain("nchwc");
  expect(plain.file).not.toContain("nchwc");
  expect(Math.abs(blocked.loss / plain.loss - 1)).toBeLessThan(1e-5);
  expect(plain.gradients.size).toBeGreaterThan(10);
  const scale = largest([...plain.gradients.values()].map((data) => largest(data)));
  for (const [name, data] of plain.gradients) {
    const other = blocked.gradients.get(name) as Float32Array;
    const off = data.map((value, i) => value - (other[i] as number));
    // Gradients that are zero except for rounding, such as that of a bias before batch statistics, are compared with the scale of
    // the others. Their rounding depends on the processor: they may be off by a few units in the last place of the largest
    // gradient.
    expect(largest(off), name).toBeLessThan(2e-5 * Math.max(largest(data), 0.05 * scale));
  }
  for (const [name, { data }] of plain.state) {
    const other = blocked.state.get(name)?.data as Float32Array;
    if (name.includes("running_"))
      expect(largest(data.map((value, i) => value - (other[i] as number))), name).toBeLessThan(1e-5);
  }
});

function largest(numbers: Iterable<number>): number {
  let most = 0;
  for (const number of numbers) most = Math.max(most, Math.abs(number));
  return most;
}
