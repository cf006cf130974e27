/** Every registered backbone: its lowerings (folded, rows, named) compute the same results, and its stages are complete. */

import { describe, expect, test } from "vitest";
import { type Architecture, describe as describeModel } from "../src/models/classifier.ts";
import { backboneNamed, backbones } from "../src/models/registry.ts";
import { stageOf } from "../src/nn/network.ts";
import { compileForward } from "../src/program/predict.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { random } from "../src/util/random.ts";
import { floatTensor, sizeOf } from "../src/util/tensor.ts";
import { logitsIn } from "./support/lowerings.ts";
import { quickWeights } from "./support/quick-weights.ts";

const SIZE = 64;
const BATCH = 2;

test("frozen convolutions that Winograd's products do in batches of known size give the same logits", async () => {
  const architecture: Architecture = {
    backbone: backboneNamed("resnet18"),
    head: "linear",
    classes: ["a", "b", "c"],
    dropout: 0,
    inputSize: SIZE,
    resize: 1,
  };
  const weights = quickWeights(describeModel(architecture).specs);
  const rng = random("pictures");
  const shape = [16, 3, SIZE, SIZE];
  const pictures = floatTensor(shape, Float32Array.from({ length: sizeOf(shape) }, rng.normal));
  const [known, any] = await Promise.all(
    [16, "N"].map(async (batch) => {
      const program = compileForward(architecture, weights, batch);
      const session = await openSession(program.model, { device: "cpu", threads: 2 });
      const { logits } = await session.run({ pictures });
      await session.release();
      const products = new TextDecoder("latin1").decode(program.model).includes("winograd");
      return { products, logits: logits?.data as Float32Array };
    }),
  );
  expect([known?.products, any?.products]).toEqual([true, false]);
  const expected = any?.logits as Float32Array;
  const largest = Math.max(...expected.map(Math.abs));
  for (const [i, value] of expected.entries())
    expect(Math.abs(value - (known?.logits[i] as number)) / largest).toBeLessThan(1e-5);
});

describe.each(backbones.map((backbone) => [backbone.name, backbone] as const))("%s", (_, backbone) => {
  const architecture: Architecture = {
    backbone,
    head: "reference",
    classes: ["a", "b", "c"],
    dropout: 0.4,
    inputSize: SIZE,
    resize: 1,
  };
  const description = describeModel(architecture);

  test("all lowerings agree", async () => {
    const weights = quickWeights(description.specs);
    for (const [name, tensor] of weights) {
      const rng = random("statistics", name);
      if (name.endsWith("running_mean"))
        weights.set(
          name,
          floatTensor(
            tensor.shape,
            tensor.data.map(() => rng.uniform(-0.1, 0.1)),
          ),
        );
      if (name.endsWith("running_var"))
        weights.set(
          name,
          floatTensor(
            tensor.shape,
            tensor.data.map(() => rng.uniform(0.8, 1.6)),
          ),
        );
    }
    const rng = random("pictures");
    const channels = backbone.preprocessing.mean.length;
    const pixels = Float32Array.from({ length: BATCH * channels * SIZE * SIZE }, rng.normal);
    const pictures = floatTensor([BATCH, channels, SIZE, SIZE], pixels);
    const folded = await logitsIn("folded", architecture, weights, pictures);
    const largest = Math.max(...folded.map(Math.abs));
    for (const lowering of ["rows", "named"] as const) {
      const other = await logitsIn(lowering, architecture, weights, pictures);
      for (const [i, value] of folded.entries())
        expect(Math.abs(value - (other[i] as number)) / largest, lowering).toBeLessThan(1e-5);
    }
  });

  test("every tensor belongs to a stage, and every stage can be unfrozen, the last ones first", () => {
    const stages = [...backbone.stages, "head"];
    for (const { name } of description.specs) expect(stageOf(stages, name), name).toBeDefined();
    // From the head to the input; the order within a group does not matter.
    const depth = (stage: string): number => backbone.stages.indexOf(stage);
    const unfrozen = backbone.unfreeze.flatMap((group) => [...group].sort((a, b) => depth(b) - depth(a)));
    expect(unfrozen).toEqual([...backbone.stages].reverse());
    for (const { name, output } of description.stages)
      expect(output.length, name).toBeGreaterThanOrEqual(name === "head" ? 1 : 2);
    // Counts the stages that have a matrix or filters.
    const multiplies = (name: string): boolean =>
      description.specs.some(
        (spec) =>
          stageOf(stages, spec.name) === name && spec.name.endsWith("weight") && spec.shape.length > 1,
      );
    for (const { name, macs } of description.stages) expect(macs > 0, name).toBe(multiplies(name));
  });
});
