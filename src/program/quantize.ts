/** Compiles the int8 form of a bundle: the same inputs and outputs, a quarter of the size, computing on bytes. */

import { buildAnySize } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import type { Preprocessing } from "../models/backbone.ts";
import { buildClassifier } from "../models/classifier.ts";
import { Network } from "../nn/network.ts";
import { answers } from "./answering.ts";
import { type BundleOptions, pixels } from "./bundle.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";
import { quantizeNodes } from "./quantize-nodes.ts";
import { PICTURES, type PlanOptions, planQuantization } from "./quantize-plan.ts";
import type { Range, Ranges } from "./quantize-ranges.ts";
import type { WeightBits } from "./quantize-weights.ts";

export interface QuantizedOptions extends Omit<BundleOptions, "stored">, PlanOptions {
  /** The ranges of the values that `compileCalibration` returns. */
  readonly ranges: Ranges;
  /** 7 for processors without VNNI. */
  readonly weightBits?: WeightBits;
}

/** Returns the bundle of `compileBundle` computing on bytes; batch norm is folded into the weights before they are rounded. */
export function compileQuantized(options: QuantizedOptions): Program {
  const { architecture, weights, input = "uint8", metadata, weightBits = 8 } = options;
  const { backbone, inputSize: size, resize } = architecture;
  const { mean, std } = backbone.preprocessing;
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => false, training: false });
  const pictures = buildAnySize(pixels(graph, input), { size, resize, mean, std });
  const { features, logits: unrounded } = buildClassifier(net, architecture, pictures);
  const plan = planQuantization(pictures, [features, unrounded], options);
  const ranges = new Map([...options.ranges, [PICTURES, pictureRange(backbone.preprocessing)]]);
  const [embedding, logits] = quantizeNodes(plan, ranges, weightBits) as [Value, Value];
  return finish(
    graph,
    "bundle",
    { ...answers(logits, options), embedding },
    { ...metadata, quantization: "int8", weight_bits: String(weightBits) },
  );
}

/** Returns the range of normalised pixels from 0 to 1, however dark the calibration images were. */
function pictureRange({ mean, std }: Preprocessing): Range {
  const at = (pixel: number): number[] => mean.map((m, c) => (pixel - m) / (std[c] as number));
  return { least: Math.min(...at(0)), greatest: Math.max(...at(1)) };
}
