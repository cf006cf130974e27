/** An ensemble's file: it predicts the mean of its members' predictions, and each member can be extracted. */

import { expect, test } from "vitest";
import { classes, engine, members, pictures } from "../../test/support/ensemble.ts";
import { inMemory, runBundle } from "../evaluate/run-bundle.ts";
import { softmaxRows } from "../metrics/softmax.ts";
import { decodeModel } from "../onnx/model.ts";
import { UsageError } from "../util/errors.ts";
import type { FloatTensor } from "../util/tensor.ts";
import { classifierMetadata } from "../weights/classifier-file.ts";
import { ensembleMetadata } from "../weights/ensemble-file.ts";
import { membersIn } from "../weights/members.ts";
import { decodeOnnxWeights } from "../weights/onnx-weights.ts";
import { compileBundle } from "./bundle.ts";
import { decodeBundle } from "./decode-bundle.ts";
import { compileEnsemble, type EnsembleBundleOptions } from "./ensemble.ts";

const described = { classes, inputSize: 48, resize: 1.25, network: undefined };
const metadata = { ...classifierMetadata(described), ...ensembleMetadata({ members: [...members] }) };

async function answersOf(model: Uint8Array) {
  const bundle = decodeBundle(model, "bundle");
  const open = await engine.open(bundle.program);
  try {
    return await runBundle(open, bundle, inMemory(pictures));
  } finally {
    await open.release();
  }
}

function ensemble(options: Partial<EnsembleBundleOptions> = {}, of = members): Uint8Array {
  return compileEnsemble(of, { classes, metadata, ...options }).model;
}

/** Returns the weighted mean of the predictions of the members' own bundles, class by class. */
async function mean(of = members): Promise<number[]> {
  const sums = new Array<number>(pictures.length * classes.length).fill(0);
  for (const { architecture, weights, temperature, weight, metadata: own } of of) {
    const { probabilities } = await answersOf(
      compileBundle({ architecture, weights, temperature, metadata: own }).model,
    );
    for (const i of sums.keys()) {
      const name = classes[i % classes.length] as string;
      const row = i - (i % classes.length);
      sums[i] =
        (sums[i] as number) + weight * (probabilities[row + architecture.classes.indexOf(name)] as number);
    }
  }
  return sums;
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (v, i) => Math.abs(v - (b[i] as number))));
};

test("its probabilities are the weighted mean of its members'", async () => {
  const expected = await mean();
  // If the members agreed, a wrong weight or a wrong column would go unnoticed.
  for (const one of members)
    expect(distance(await mean([{ ...one, weight: 1 }]), expected)).toBeGreaterThan(0.01);
  const { probabilities, logits } = await answersOf(ensemble());
  expect(distance(probabilities, expected)).toBeLessThan(1e-6);
  expect(distance(softmaxRows(logits, classes.length), expected)).toBeLessThan(1e-6);
  const floats = await answersOf(ensemble({ input: "float32" }));
  expect(distance(floats.probabilities, expected)).toBeLessThan(2e-6);
});

test("weights count relative to each other", async () => {
  const tenfold = members.map((member) => ({ ...member, weight: 10 * member.weight }));
  const { probabilities } = await answersOf(ensemble({}, tenfold));
  expect(distance(probabilities, await mean())).toBeLessThan(1e-6);
});

test("stores halves", async () => {
  const half = ensemble({ stored: "float16" });
  expect(half.length / ensemble().length).toBeLessThan(0.55);
  expect(distance((await answersOf(half)).probabilities, await mean())).toBeLessThan(0.02);
});

test("a member that was stored as halves stays so, and no number changes", async () => {
  const [first, ...others] = members as [(typeof members)[0]];
  const { tensors } = decodeOnnxWeights(
    compileBundle({ ...first, stored: "float16", metadata: first.metadata }).model,
    "h",
  );
  const mixed = compileEnsemble([{ ...first, weights: tensors }, ...others], { classes, metadata }).model;
  const saved = [...tensors.values()].reduce(
    (sum, { shape, data }) => sum + (shape.length > 1 ? 2 * data.length : 0),
    0,
  );
  expect((ensemble().length - mixed.length) / saved).toBeCloseTo(1, 1);
  const [read] = membersIn(decodeOnnxWeights(mixed, "e"), "e", "e").members;
  for (const [key, { data }] of tensors) expect(read?.weights.get(key)?.data).toEqual(data);
});

test("a class that every member calls impossible has a finite logit", async () => {
  const sure = members.map((member) => ({ ...member, temperature: 1e-4 }));
  const { probabilities, logits } = await answersOf(ensemble({}, [sure[0], sure[0]] as typeof sure));
  expect(Math.min(...probabilities)).toBe(0);
  expect(Math.min(...logits)).toBeCloseTo(-126 * Math.LN2, 4);
});

test("its embedding is its members' side by side", async () => {
  const open = await engine.open(decodeBundle(ensemble(), "bundle").program);
  const outputs = await open.run({
    pictures: { dtype: "uint8", shape: [2, 20, 30, 3], data: new Uint8Array(3600).fill(9) },
  });
  await open.release();
  const features = members.reduce((sum, { architecture }) => sum + architecture.backbone.features, 0);
  expect(outputs.embedding?.shape).toEqual([2, features]);
});

test("gives back each member's weights bit for bit, with what its own file said", () => {
  const read = membersIn(decodeOnnxWeights(ensemble(), "e"), "e", "e");
  expect(read.architecture).toEqual(described);
  for (const [k, { name, weight, temperature, architecture, weights, metadata: own }] of members.entries()) {
    expect(read.members[k]).toMatchObject({ name, weight, temperature, metadata: own });
    expect(read.members[k]?.architecture).toEqual(architecture);
    const found = read.members[k]?.weights ?? new Map<string, FloatTensor>();
    expect([...found.keys()].sort()).toEqual([...weights.keys()].sort());
    for (const [key, { shape, data }] of weights) {
      expect(found.get(key)?.shape).toEqual(shape);
      expect(
        Buffer.from(found.get(key)?.data.buffer as ArrayBuffer).equals(new Uint8Array(data.buffer)),
        key,
      ).toBe(true);
    }
  }
});

test("members that prepare images alike prepare them once", () => {
  const nodes = (of: typeof members): number => {
    const { graph } = decodeModel(compileEnsemble(of, { classes }).model, "e");
    return graph?.node.filter(({ name }) => name.includes("preprocess")).length ?? 0;
  };
  const [grey] = members as [(typeof members)[0]];
  expect(nodes([grey, grey])).toBe(nodes([grey]));
  expect(nodes(members)).toBeGreaterThan(2.5 * nodes([grey]));
});

test("holds standard operators only", () => {
  const { graph, opsetImport } = decodeModel(ensemble(), "e");
  expect(opsetImport.map(({ domain }) => domain)).toEqual([""]);
  expect(graph?.node.every(({ domain }) => domain === "")).toBe(true);
});

test("a member that lacks a class is refused", () => {
  const refused = () => ensemble({ classes: [...classes, "calm"] });
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(/a member does not know the class "calm", only angry, happy, sad/);
});
