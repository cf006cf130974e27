/** What a train step keeps in memory, counted from its graph: nothing is timed or measured. */

import { describe, expect, test } from "vitest";
import { Graph } from "../src/graph/graph.ts";
import { type Architecture, buildClassifier, describe as describeModel } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { Network } from "../src/nn/network.ts";
import { decodeModel } from "../src/onnx/model.ts";
import { mul } from "../src/ops/mul.ts";
import { reduceSum } from "../src/ops/reduce-sum.ts";
import { adamwDefaults } from "../src/optim/optimizer.ts";
import { compileTrain } from "../src/program/train.ts";
import { quickWeights } from "./support/quick-weights.ts";
import { savedBytes } from "./support/saved-bytes.ts";

const BATCH = 16;

function architectureOf(name: string, inputSize: number): Architecture {
  const backbone = backboneNamed(name);
  return { backbone, head: "linear", classes: ["a", "b", "c"], dropout: 0, inputSize, resize: 1 };
}

/** Megabytes that the whole network, trained with running statistics, keeps for its backward pass. */
function savedMegabytes(name: string, inputSize: number): number {
  const architecture = architectureOf(name, inputSize);
  const graph = new Graph(16);
  const net = new Network({
    graph,
    weights: quickWeights(describeModel(architecture).specs),
    batchNorm: "running",
    stochasticDepth: 0,
    trainable: () => true,
    training: true,
    compute: "float32",
  });
  const { preprocessing } = architecture.backbone;
  const x = graph.input("pictures", "float32", [BATCH, preprocessing.mean.length, inputSize, inputSize]);
  const { logits } = buildClassifier(net, architecture, x);
  const loss = reduceSum(mul(logits, logits));
  const parameters = [...net.parameters.state.values()].filter(({ spec }) => spec.role === "parameter");
  return (
    savedBytes(
      loss,
      parameters.map(({ value }) => value),
    ) / 1e6
  );
}

describe("between its passes a train step keeps", () => {
  test("of ViT-B/16 no more than the inputs of its products, norms and activations", () => {
    const [tokens, width, heads, depth] = [197, 768, 12, 12];
    // The inputs of two norms, of the projections and of the second layer's activation; queries, keys and values.
    const vectors = 2 + 1 + 1 + 1 + 4 + 4 + 3;
    const block = tokens * width * vectors + heads * tokens ** 2;
    expect(savedMegabytes("vit_b_16", 224)).toBeLessThan(
      (BATCH * 4 * (depth * block + 3 * tokens * width)) / 1e6,
    );
  });

  test.each([
    ["resnet50", 1240],
    ["resnext50_32x4d", 1060],
    ["mobilenet_v1", 360],
    ["mobilenet_v3_large", 445],
    ["efficientnet_b0", 1015],
    ["convnext_tiny", 1750],
  ])("of %s at most %i MB", (name, megabytes) => {
    expect(savedMegabytes(name, 224)).toBeLessThan(megabytes);
  });
});

test("a train step's file has no tensors of zeros as large as a batch", () => {
  const architecture = architectureOf("vit_tiny", 64);
  const program = compileTrain({
    architecture,
    weights: quickWeights(describeModel(architecture).specs),
    batch: BATCH,
    trainable: () => true,
    input: { kind: "normalised" },
    batchNorm: "running",
    optimizer: { type: "adamw", learningRate: 1e-4, weightDecay: 1e-4, ...adamwDefaults },
  });
  const constants = decodeModel(program.model, "the step").graph?.initializer ?? [];
  for (const { name, dims, rawData } of constants)
    expect(rawData.length, `${name} [${dims.join(", ")}]`).toBeLessThan(1e5);
});
