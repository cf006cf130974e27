/** Every registered backbone: its lowerings (folded, rows, named) compute the same, and its stages are whole. */

import { describe, expect, test } from "vitest";
import { encode } from "../src/graph/encode.ts";
import { Graph } from "../src/graph/graph.ts";
import {
  type Architecture,
  buildClassifier,
  describe as describeModel,
  withNewWeights,
} from "../src/models/classifier.ts";
import { backbones } from "../src/models/registry.ts";
import { Network } from "../src/nn/network.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { random } from "../src/util/random.ts";
import { floatTensor, permute, type StateDict, type Tensor } from "../src/util/tensor.ts";

const SIZE = 64;
const BATCH = 2;

/** Logits of the classifier; in `rows` everything from the first stage on is rows, with weights as inputs. */
async function logits(
  architecture: Architecture,
  weights: StateDict,
  pictures: Tensor,
  lowering: "folded" | "rows" | "named",
): Promise<Float32Array> {
  const graph = new Graph();
  const net = new Network({
    graph,
    weights,
    trainable: () => lowering === "rows",
    training: false,
    ...(lowering === "named" ? { named: "float32" } : {}),
  });
  const x = graph.input("pictures", "float32", pictures.shape);
  graph.output("logits", buildClassifier(net, architecture, x).logits);
  const feeds: Record<string, Tensor> = { pictures };
  for (const [name, { form, value }] of net.parameters.state) {
    const tensor = weights.get(name) as Tensor;
    const data = tensor.data as Float32Array;
    feeds[name] = floatTensor(
      value.shape as number[],
      form ? permute(data, tensor.shape, form.permutation) : data,
    );
  }
  const session = await openSession(encode(graph, "lowering"), { device: "cpu", threads: 2 });
  const result = (await session.run(feeds)).logits?.data as Float32Array;
  await session.release();
  return result;
}

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
    const weights = withNewWeights(description.specs, new Map(), 1);
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
    const folded = await logits(architecture, weights, pictures, "folded");
    const largest = Math.max(...folded.map(Math.abs));
    for (const lowering of ["rows", "named"] as const) {
      const other = await logits(architecture, weights, pictures, lowering);
      for (const [i, value] of folded.entries())
        expect(Math.abs(value - (other[i] as number)) / largest, lowering).toBeLessThan(1e-5);
    }
  });

  test("every tensor belongs to a stage, and every stage can be unfrozen", () => {
    const stages = [...backbone.stages, "head"];
    for (const { name } of description.specs)
      expect(
        stages.some((stage) => name.startsWith(`${stage}.`)),
        name,
      ).toBe(true);
    expect(backbone.unfreeze.flat().sort()).toEqual([...backbone.stages].sort());
    expect(description.stages.every((stage) => stage.name === "bn1" || stage.macs > 0)).toBe(true);
  });
});
