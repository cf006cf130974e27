/** Nothing reads what an update overwrites afterwards, whatever its options. */

import { expect, test } from "vitest";
import { architecture, optimizer, weights } from "../../test/support/small-step.ts";
import { decodeModel } from "../onnx/model.ts";
import type { OptimizerOptions } from "../optim/optimizer.ts";
import { nextName, onlyUpdateReads } from "./program.ts";
import { compileTrain, type TrainOptions } from "./train.ts";

const sgd: OptimizerOptions = {
  type: "sgd",
  learningRate: 0.1,
  weightDecay: 0.01,
  momentum: 0.9,
  nesterov: true,
};
const everything = { ema: 0.99, accumulate: 2, clipNorm: 1, precision: "fp16" } as const;

test.each<[string, Partial<TrainOptions>, number]>([
  ["AdamW", {}, 2],
  ["SGD", { optimizer: sgd }, 1],
  ["averages", { ema: 0.99 }, 3],
  ["accumulated batches", { accumulate: 2 }, 3],
  ["all of it in half precision", everything, 4],
])("%s: every reader of a moment leads to its next value", (_, options, perWeight) => {
  const program = compileTrain({
    architecture,
    weights,
    batch: 2,
    trainable: () => true,
    input: { kind: "normalised" },
    batchNorm: "batch",
    optimizer,
    ...options,
  });
  const nodes = decodeModel(program.model, "the step").graph?.node ?? [];
  const maker = new Map(nodes.flatMap((node) => node.output.map((name) => [name, node])));
  const needed = (name: string): Set<(typeof nodes)[number]> => {
    const found = new Set<(typeof nodes)[number]>();
    const waiting = [name];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const node = maker.get(next);
      if (!node || found.has(node)) continue;
      found.add(node);
      waiting.push(...node.input);
    }
    return found;
  };
  const written = program.tensors.filter(onlyUpdateReads);
  const parameters = program.tensors.filter(({ role }) => role === "parameter");
  expect(written.length).toBeGreaterThanOrEqual(perWeight * parameters.length);
  for (const { name } of written) {
    const before = needed(nextName(name));
    for (const node of nodes) {
      if (node.input.includes(name)) expect(before.has(node), `${node.name} reads ${name}`).toBe(true);
    }
  }
});
