/** Figures of the machine and of the engine alone: peak rates and augmentation. */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { referenceAugmentation } from "../src/augment/settings.ts";
import { buildTraining, drawTraining, packDraws } from "../src/augment/training.ts";
import { encode } from "../src/graph/encode.ts";
import { Graph } from "../src/graph/graph.ts";
import { backboneNamed } from "../src/models/registry.ts";
import { gemm } from "../src/ops/gemm.ts";
import { openSession } from "../src/runtime/session.node.ts";
import { floatTensor, type Tensor } from "../src/util/tensor.ts";
import type { Row } from "./row.ts";
import { median } from "./turns.ts";

const THREADS = 2;
const session = { device: "cpu", threads: THREADS } as const;

async function time(turns: number, iterate: () => Promise<unknown>): Promise<number> {
  await iterate();
  const seconds: number[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const started = performance.now();
    await iterate();
    seconds.push((performance.now() - started) / 1000);
  }
  return median(seconds);
}

/** The peak rate of the cores: fused multiply-adds in registers, in C; undefined if there is no compiler. */
export function fmaPeak(): Row | undefined {
  const folder = mkdtempSync(join(tmpdir(), "vultus-bench-"));
  try {
    const [source, program] = [fileURLToPath(new URL("fma-peak.c", import.meta.url)), join(folder, "peak")];
    const built = spawnSync("cc", ["-O3", "-march=native", "-pthread", source, "-o", program]);
    if (built.status !== 0) return undefined;
    const value = Number(spawnSync(program, [String(THREADS)], { encoding: "utf8" }).stdout);
    return { name: "fma-peak", value, unit: "GFLOP/s" };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A large square matrix product: the rate that ONNX Runtime reaches for the operator that dominates training. */
export async function gemmRate(turns: number): Promise<Row> {
  const side = 2048;
  const graph = new Graph();
  const [a, b] = ["a", "b"].map((name) => graph.input(name, "float32", [side, side]));
  if (!a || !b) throw new Error("unreachable");
  graph.output("y", gemm(a, b));
  const open = await openSession(encode(graph, "gemm"), session);
  const matrix = floatTensor([side, side], new Float32Array(side * side).fill(0.5));
  const into = { y: floatTensor([side, side], new Float32Array(side * side)) };
  const seconds = await time(turns * 3, () => open.run({ a: matrix, b: matrix }, into));
  await open.release();
  return { name: "gemm", value: (2 * side ** 3) / seconds / 1e9, unit: "GFLOP/s" };
}

/** The reference augmentation of 64 grey faces from 48 px to 224 px, including drawing the random parameters. */
export async function augment(turns: number): Promise<Row> {
  const [batch, size] = [64, 224];
  const canvas = { width: 48, height: 48, channels: 1 } as const;
  const graph = new Graph();
  const { mean, std } = backboneNamed("resnet50").preprocessing;
  graph.output("x", buildTraining(graph, referenceAugmentation, { batch, canvas, size, mean, std }));
  const open = await openSession(encode(graph, "augment"), session);
  const extents = Array.from({ length: batch }, () => canvas);
  const pictures: Tensor = {
    dtype: "uint8",
    shape: [batch, 1, 48, 48],
    data: new Uint8Array(batch * 48 * 48).fill(128),
  };
  let epoch = 0;
  const seconds = await time(turns, () => {
    epoch++;
    const draws = extents.map((extent, i) => drawTraining(referenceAugmentation, [epoch, i], extent, size));
    return open.run({ pictures, ...packDraws(referenceAugmentation, draws, extents, canvas) });
  });
  await open.release();
  return { name: "augment", value: batch / seconds, unit: "img/s" };
}
