/**
 * Shows what a step holds in memory at its peak:
 *
 *     node --import tsx bench/live.ts --model vit_b_16 [--mode all] [--batch 16] [--size 224] [--top 30] [--after NODE]
 *
 * runs two steps with ONNX Runtime's profiler, finds the node after which the tensors between nodes take the most memory, and
 * prints these tensors by size. `--after` names another node. State and inputs are not counted.
 */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-node";
import { type Architecture, describe, withNewWeights } from "../src/models/classifier.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { decodeModel } from "../src/onnx/model.ts";
import { adamwDefaults } from "../src/optim/optimizer.ts";
import { compileTrain } from "../src/program/train.ts";
import { arrayOf, sizeOf } from "../src/util/tensor.ts";

const { values } = parseArgs({
  options: {
    model: { type: "string", default: "vit_b_16" },
    mode: { type: "string", default: "all" },
    batch: { type: "string", default: "16" },
    size: { type: "string", default: "224" },
    block: { type: "string" },
    top: { type: "string", default: "30" },
    after: { type: "string" },
  },
});

interface Event {
  readonly cat: string;
  readonly name: string;
  readonly args: {
    readonly op_name?: string;
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly mem_bytes_requested_in_use?: string;
  };
}

/** Operators whose result reuses the memory of their first operand. */
const views = new Set(["Reshape", "Squeeze", "Unsqueeze", "Flatten", "Identity"]);
const bytes: Readonly<Record<string, number>> = {
  float: 4,
  int64: 8,
  int32: 4,
  bool: 1,
  float16: 2,
  uint8: 1,
};

const folder = mkdtempSync(join(tmpdir(), "vultus-live-"));
const optimized = join(folder, "optimized.onnx");
await profiled();
const model = decodeModel(readFileSync(optimized), optimized);
const profile = readdirSync(folder).find((name) => name.startsWith("profile")) as string;
const events = JSON.parse(readFileSync(join(folder, profile), "utf8")) as Event[];
rmSync(folder, { recursive: true });
print();

async function profiled(): Promise<void> {
  const backbone = backboneNamed(values.model);
  const architecture: Architecture = {
    backbone,
    head: "reference",
    classes: ["a", "b", "c", "d", "e", "f"],
    dropout: 0.4,
    inputSize: Number(values.size),
    resize: 1,
  };
  const weights = withNewWeights(describe(architecture).specs, new Map(), 1);
  const program = compileTrain({
    architecture,
    weights,
    batch: Number(values.batch),
    trainable: () => true,
    input: { kind: "normalised" },
    batchNorm: values.mode === "all-batchnorm" ? "batch" : "running",
    optimizer: { type: "adamw", learningRate: 1e-4, weightDecay: 1e-4, ...adamwDefaults },
    labelSmoothing: 0.1,
    block: values.block === undefined ? undefined : Number(values.block),
  });
  const session = await ort.InferenceSession.create(program.model, {
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    optimizedModelFilePath: optimized,
    enableMemPattern: false,
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
    logSeverityLevel: 4,
  });
  const inputs = program.tensors.filter(({ role }) => role !== "metric");
  const feeds = Object.fromEntries(
    inputs.map(({ name, dtype, shape }) => {
      const fixed = shape as readonly number[];
      const data = arrayOf(dtype, sizeOf(fixed));
      if (data instanceof Float32Array) data.fill(0.01);
      return [name, new ort.Tensor(dtype as "float32", data as Float32Array, fixed)];
    }),
  );
  await session.run(feeds);
  session.endProfiling();
  await session.release();
}

function print(): void {
  const nodes = new Map((model.graph?.node ?? []).map((node) => [node.name, node]));
  const run = events
    .filter(({ cat, name }) => cat === "Node" && name.endsWith("_kernel_time"))
    .map((event) => ({ event, node: nodes.get(event.name.replace(/_kernel_time$/, "")) }));
  const outputs = new Set((model.graph?.output ?? []).map(({ name }) => name));
  const owner = new Map<string, string>();
  const ownerOf = (name: string): string => owner.get(name) ?? name;
  const made = new Map<string, { at: number; size: number; by: string; shape: string }>();
  const lastRead = new Map<string, number>();
  const readers = new Map<string, string[]>();
  for (const [at, { event, node }] of run.entries()) {
    if (!node) continue;
    for (const input of node.input) {
      lastRead.set(ownerOf(input), at);
      readers.set(ownerOf(input), [...(readers.get(ownerOf(input)) ?? []), node.name]);
    }
    if (views.has(node.opType)) {
      owner.set(node.output[0] as string, ownerOf(node.input[0] as string));
      continue;
    }
    for (const [i, output] of node.output.entries()) {
      const [type, shape] = Object.entries(event.args.output_type_shape?.[i] ?? {})[0] ?? [];
      if (!output || !type || !shape || outputs.has(output)) continue;
      made.set(output, {
        at,
        size: sizeOf(shape) * (bytes[type] ?? 4),
        by: node.name,
        shape: shape.join("×"),
      });
    }
  }
  const live = new Array<number>(run.length).fill(0);
  for (const [name, { at, size }] of made)
    for (let i = at; i <= (lastRead.get(name) ?? at); i++) live[i] = (live[i] as number) + size;
  const named = run.findIndex(({ node }) => node?.name === values.after);
  const peak = named >= 0 ? named : live.indexOf(Math.max(...live));
  const megabytes = (size: number): string => (size / 1e6).toFixed(1).padStart(8);
  console.log(
    `${megabytes(live[peak] as number)} MB in all, at node ${peak} of ${run.length}, ${run[peak]?.node?.name}; ` +
      `ONNX Runtime's arena ${megabytes(Number(run[peak]?.event.args.mem_bytes_requested_in_use))} MB`,
  );
  const there = [...made].filter(([name, { at }]) => at <= peak && (lastRead.get(name) ?? at) >= peak);
  for (const [name, { size, by, shape }] of there
    .sort((a, b) => b[1].size - a[1].size)
    .slice(0, Number(values.top)))
    console.log(
      `${megabytes(size)} MB  ${shape.padEnd(16)} ${by}  read by ${(readers.get(name) ?? []).join(", ")}`,
    );
}
