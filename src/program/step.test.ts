/** Steps of several networks: each in its own scope, trained together or one by the other. */

import { expect, test } from "vitest";
import { architecture, optimizer, weights } from "../../test/support/small-step.ts";
import type { Graph } from "../graph/graph.ts";
import { crossEntropy } from "../losses/cross-entropy.ts";
import { buildClassifier } from "../models/classifier.ts";
import { Network, type NetworkOptions } from "../nn/network.ts";
import { add } from "../ops/add.ts";
import { mul } from "../ops/mul.ts";
import { reduceMean } from "../ops/reduce-mean.ts";
import { sub } from "../ops/sub.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { Stepper } from "../train/stepper.ts";
import { random } from "../util/random.ts";
import { floatTensor, type StateDict, type Tensor } from "../util/tensor.ts";
import { type BuildObjective, compileStep } from "./step.ts";
import { compileTrain } from "./train.ts";

const BATCH = 4;
const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 1 }));

function feeds(seed: number): Record<"pictures" | "targets", Tensor> {
  const rng = random("pair", seed);
  const pixels = Float32Array.from({ length: BATCH * 256 }, () => rng.normal());
  return {
    pictures: floatTensor([BATCH, 1, 16, 16], pixels),
    targets: floatTensor([BATCH, 2], [1, 0, 0, 1, 1, 0, 0, 1]),
  };
}

const classifier = (graph: Graph, options: Partial<NetworkOptions>) =>
  new Network({ graph, weights, trainable: () => true, training: true, batchNorm: "batch", ...options });

const inputs = (graph: Graph) => ({
  pictures: graph.input("pictures", "float32", [BATCH, 1, 16, 16]),
  targets: graph.input("targets", "float32", [BATCH, 2]),
});

function scoped(scope: string, tensors: StateDict): StateDict {
  return new Map([...tensors].map(([name, tensor]) => [`${scope}.${name}`, tensor]));
}

/** vitest compares large arrays number by number, which takes seconds. */
function bytes(tensor: Tensor | undefined): Buffer {
  const { buffer, byteOffset, byteLength } = (tensor as Tensor).data;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Two networks on the same images. The loss is the sum of both losses, so each network learns as if it were alone. */
const pair: BuildObjective = (graph) => {
  const { pictures, targets } = inputs(graph);
  const networks = ["left", "right"].map((scope) => classifier(graph, { scope }));
  const [left, right] = networks.map((net) =>
    crossEntropy.build({ logits: buildClassifier(net, architecture, pictures).logits, targets }, {}),
  );
  if (!left || !right) throw new Error("two losses");
  return { networks, loss: add(left, right), metrics: { right } };
};

test("two networks in one graph learn what each learns alone, bit for bit", async () => {
  const both = await Stepper.open(engine, compileStep("pair", pair, { optimizer }), { rate: 1e-2 });
  await both.load(new Map([...scoped("left", weights), ...scoped("right", weights)]));
  const alone = await Stepper.open(
    engine,
    compileTrain({
      architecture,
      weights,
      batch: BATCH,
      trainable: () => true,
      input: { kind: "normalised" },
      batchNorm: "batch",
      optimizer,
    }),
    { rate: 1e-2 },
  );
  await alone.load(weights);
  for (let step = 0; step < 3; step++) {
    const { loss } = await alone.step(feeds(step));
    const { metrics } = await both.step(feeds(step));
    expect(metrics.right).toBe(loss);
    expect(metrics.loss).toBeCloseTo(2 * loss, 6);
  }
  const [one, two] = [await alone.state(), await both.state()];
  for (const scope of ["left", "right"])
    for (const [name, tensor] of one) {
      const moment = /^(exp_sum|exp_sum_sq)\.(.*)$/.exec(name);
      const own = moment ? `${moment[1]}.${scope}.${moment[2]}` : `${scope}.${name}`;
      expect(bytes(two.get(own)).equals(bytes(tensor)), own).toBe(true);
    }
  await both.release();
  await alone.release();
});

test("a frozen network of another scope adds nothing to the state, and keeps its own weights", async () => {
  const other: StateDict = new Map(
    [...weights].map(([name, { shape, data }]) => [
      name,
      floatTensor(
        shape,
        data.map((v) => v * 0.5),
      ),
    ]),
  );
  const towards: BuildObjective = (graph) => {
    const { pictures, targets } = inputs(graph);
    const net = classifier(graph, {});
    const frozen = classifier(graph, {
      scope: "teacher",
      weights: other,
      trainable: () => false,
      training: false,
    });
    const { logits } = buildClassifier(net, architecture, pictures);
    const difference = sub(logits, buildClassifier(frozen, architecture, pictures).logits);
    const labels = mul(crossEntropy.build({ logits, targets }, {}), 0);
    return { networks: [net], loss: sub(reduceMean(mul(difference, difference)), labels) };
  };
  const stepper = await Stepper.open(engine, compileStep("towards", towards, { optimizer }), { rate: 3e-3 });
  await stepper.load(weights);
  const losses: number[] = [];
  for (let step = 0; step < 30; step++) losses.push((await stepper.step(feeds(0))).loss);
  expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 4);
  expect([...(await stepper.state()).keys()].some((name) => name.includes("teacher"))).toBe(false);
  await stepper.release();
});

test("weights without the scope of their network are refused", async () => {
  const stepper = await Stepper.open(engine, compileStep("pair", pair, { optimizer }), { rate: 1e-2 });
  await expect(stepper.load(weights)).rejects.toThrow(/the weights lack left\.stem\.conv\.weight/);
  await stepper.release();
});

test("a stepper without weights reports it", async () => {
  const stepper = await Stepper.open(engine, compileStep("pair", pair, { optimizer }), { rate: 1e-2 });
  await expect(stepper.step(feeds(0))).rejects.toThrow("there are no weights yet: call load before step");
  await stepper.release();
});

test("the rate is the optimizer's if none is given", async () => {
  const stepper = await Stepper.open(engine, compileStep("pair", pair, { optimizer }));
  expect(stepper.rate(7)).toBe(optimizer.learningRate);
  await stepper.release();
});

test("an objective without networks is refused", () => {
  const nothing: BuildObjective = (graph) => ({ networks: [], loss: reduceMean(inputs(graph).pictures) });
  expect(() => compileStep("nothing", nothing, { optimizer })).toThrow(
    "nothing trains: the objective returns no network with parameters that train",
  );
});

test("two networks without scopes are refused", () => {
  const clash: BuildObjective = (graph) => {
    const { pictures, targets } = inputs(graph);
    const networks = [classifier(graph, {}), classifier(graph, {})];
    const [one] = networks.map((net) => buildClassifier(net, architecture, pictures).logits);
    if (!one) throw new Error("two networks");
    return { networks, loss: crossEntropy.build({ logits: one, targets }, {}) };
  };
  expect(() => compileStep("clash", clash, { optimizer })).toThrow(/already has an input stem\.conv\.weight/);
});
