/** Small int8 bundles for tests: images, statistics, ranges, and how ONNX Runtime runs a file. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildValidation, packValidation } from "../../src/augment/validation.ts";
import { fittingBits } from "../../src/export/int8.node.ts";
import { encode } from "../../src/graph/encode.ts";
import { Graph } from "../../src/graph/graph.ts";
import {
  type Architecture,
  buildClassifier,
  describe as describeModel,
  withNewWeights,
} from "../../src/models/classifier.ts";
import { backboneNamed } from "../../src/models/registry.ts";
import type { HeadName } from "../../src/nn/heads.ts";
import { Network } from "../../src/nn/network.ts";
import { decodeModel, tensorOf } from "../../src/onnx/model.ts";
import { compileCalibration, rangesOf } from "../../src/program/quantize-calibration.ts";
import type { Ranges } from "../../src/program/quantize-ranges.ts";
import { openSession } from "../../src/runtime/session.node.ts";
import { random } from "../../src/util/random.ts";
import { floatTensor, permute, type StateDict, type Tensor } from "../../src/util/tensor.ts";

const session = { device: "cpu", threads: 2 } as const;
export const CANVAS = { width: 40, height: 30, channels: 3 } as const;
export const COUNT = 12;
/** Without VNNI, ONNX Runtime's 8-bit products saturate. */
export const BITS = fittingBits();

export function architecture(name: string, inputSize: number, head: HeadName): Architecture {
  const classes = ["a", "b", "c", "d"];
  return { backbone: backboneNamed(name), head, classes, dropout: 0, inputSize, resize: 1.1 };
}

/** Blotches of random colours, [N, C, H, W], the layout that programs take. */
export function blotches(count: number, { channels, height, width }: typeof CANVAS, key: string): Tensor {
  const rng = random("blotches", key);
  const data = new Uint8Array(count * channels * height * width);
  for (let plane = 0; plane < count * channels; plane++) {
    const [a, b, c, level] = [rng.normal() / 6, rng.normal() / 6, rng.uniform(0, 6), rng.uniform(60, 190)];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data[(plane * height + y) * width + x] = Math.min(
          Math.max(level + 30 * Math.sin(a * x + b * y + c) + 40 * rng.normal(), 0),
          255,
        );
  }
  return { dtype: "uint8", shape: [count, channels, height, width], data };
}

/** The same images as [N, H, W, C], the layout that the bundle takes. */
export function channelsLast({ shape, data }: Tensor): Tensor {
  const [n, c, h, w] = shape as [number, number, number, number];
  const moved = permute(Float32Array.from(data as Uint8Array), shape, [0, 2, 3, 1]);
  return { dtype: "uint8", shape: [n, h, w, c], data: Uint8Array.from(moved) };
}

export const validationFeeds = (
  pictures: Tensor,
  { inputSize, resize }: Architecture,
): Record<string, Tensor> => ({
  pictures,
  ...packValidation(new Array(pictures.shape[0]).fill(CANVAS), inputSize, resize),
});

export async function run(
  model: Uint8Array,
  feeds: Record<string, Tensor>,
): Promise<Readonly<Record<string, Tensor>>> {
  const open = await openSession(model, session);
  try {
    return await open.run(feeds);
  } finally {
    await open.release();
  }
}

/**
 * Random weights, and batch norm's statistics for `pictures`. Biases of 1 keep most ReLUs open: random networks in which half of
 * them are closed are chaotic, and amplify any difference.
 */
export async function withStatistics(architecture: Architecture, pictures: Tensor): Promise<StateDict> {
  const weights = withNewWeights(describeModel(architecture).specs, new Map(), 1);
  for (const [name, { data }] of weights)
    if (name.endsWith(".bias") && !name.startsWith("head")) data.fill(1);
  const { mean, std } = architecture.backbone.preprocessing;
  const graph = new Graph();
  const net = new Network({
    graph,
    weights,
    trainable: () => true,
    batchNorm: "batch",
    training: true,
  });
  const size = architecture.inputSize;
  const x = buildValidation(graph, { batch: COUNT, canvas: CANVAS, size, mean, std });
  buildClassifier(net, architecture, x);
  if (![...net.parameters.state.values()].some(({ next }) => next)) return weights;
  const feeds = validationFeeds(pictures, architecture);
  for (const [name, { form, value, next }] of net.parameters.state) {
    const { data, shape } = weights.get(name) as Tensor;
    const numbers = form ? permute(data as Float32Array, shape, form.permutation) : (data as Float32Array);
    feeds[name] = floatTensor(value.shape as number[], numbers);
    if (next) graph.output(`next.${name}`, next);
  }
  // A step mixes the batch's statistics with the previous ones: runs from 0 and from 1 reveal the ratio.
  const model = encode(graph, "statistics");
  const isStatistic = (name: string): boolean => /\.running_(mean|var)$/.test(name);
  const from = (before: number): Promise<Readonly<Record<string, Tensor>>> => {
    const started = Object.entries(feeds).map(([name, tensor]): [string, Tensor] => {
      const { shape, data } = tensor;
      return [
        name,
        isStatistic(name) ? floatTensor(shape, new Float32Array(data.length).fill(before)) : tensor,
      ];
    });
    return run(model, Object.fromEntries(started));
  };
  const [from0, from1] = [await from(0), await from(1)];
  for (const [name, { shape, data }] of Object.entries(from0)) {
    const after1 = (from1[name] as Tensor).data;
    const of = (data as Float32Array).map((after, i) => after / (1 - ((after1[i] as number) - after)));
    weights.set(name.slice("next.".length), floatTensor(shape, of));
  }
  return weights;
}

export async function calibrated(
  architecture: Architecture,
  weights: StateDict,
  pictures: Tensor,
): Promise<Ranges> {
  const { model } = compileCalibration(architecture, weights, CANVAS);
  return rangesOf([await run(model, validationFeeds(pictures, architecture))]);
}

/** Root mean square difference, relative to the standard deviation of `expected`. */
export function relativeError(actual: Tensor | undefined, expected: Tensor | undefined): number {
  const [a, e] = [actual?.data as Float32Array, expected?.data as Float32Array];
  const mean = e.reduce((sum, v) => sum + v, 0) / e.length;
  const spread = e.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return Math.sqrt(e.reduce((sum, v, i) => sum + ((a[i] as number) - v) ** 2, 0) / spread);
}

/** How often each operator ran for one image, according to ONNX Runtime's profile: shows what was fused. */
export async function operatorsRun(model: Uint8Array): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), "vultus-int8-"));
  try {
    const open = await openSession(model, { ...session, profile: join(folder, "profile") });
    await open.run({ pictures: channelsLast(blotches(1, CANVAS, "profile")) });
    await open.release();
    const file = join(folder, readdirSync(folder)[0] as string);
    const events = JSON.parse(readFileSync(file, "utf8")) as { name: string; args?: { op_name?: string } }[];
    return count(
      events.flatMap(({ name, args }) => (name.endsWith("_kernel_time") ? [args?.op_name ?? ""] : [])),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** How often each operator occurs in the file. */
export const operatorsIn = (model: Uint8Array): Record<string, number> =>
  count((decodeModel(model, "the model").graph?.node ?? []).map(({ opType }) => opType));

export function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export function initializersOf(model: Uint8Array): Map<string, Tensor> {
  const { graph } = decodeModel(model, "the model");
  return new Map((graph?.initializer ?? []).map((proto) => [proto.name, tensorOf(proto, "the model")]));
}
