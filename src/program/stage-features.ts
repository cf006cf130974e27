/** Compiles what a stage in the middle of a backbone sees: features that still say where in the picture they are. */

import type { Canvas } from "../augment/canvas.ts";
import { buildValidation } from "../augment/validation.ts";
import { Graph } from "../graph/graph.ts";
import { type Architecture, describe } from "../models/classifier.ts";
import { type FeatureMap, pictures } from "../nn/features.ts";
import { Network } from "../nn/network.ts";
import { matmul } from "../ops/matmul.ts";
import { reshape } from "../ops/reshape.ts";
import type { StateDict } from "../util/tensor.ts";
import { finish } from "./finish.ts";
import type { Program } from "./program.ts";

/** Smallest side of a map that still tells eyes from mouth. */
const FINE_ENOUGH = 8;

/**
 * The last stage whose map has at least 8 pixels a side. Later ones are made of objects of ImageNet: on FER2013 a head on
 * the last stage of SqueezeNet is right about 44 % of the time, on this one 54 %, from the same 6,000 pictures.
 */
export function middleStage(architecture: Architecture): string {
  const stages = describe(architecture).stages.filter(({ output }) => output.length === 3);
  const fine = stages.filter(
    ({ output }) => Math.min(output[1] as number, output[2] as number) >= FINE_ENOUGH,
  );
  return (fine.at(-1) ?? stages[0])?.name as string;
}

/** Pictures as for validation to `features` [N, C · cells²]: the stage's map, averaged over cells × cells parts. */
export function compileStageFeatures(
  architecture: Architecture,
  weights: StateDict,
  canvas: Canvas,
  { stage, cells }: { readonly stage: string; readonly cells: number },
): Program {
  const { backbone, inputSize: size } = architecture;
  const { mean, std } = backbone.preprocessing;
  const graph = new Graph();
  const net = new Network({ graph, weights, trainable: () => false, training: false });
  backbone.build(net, pictures(buildValidation(graph, { batch: "N", canvas, size, mean, std })));
  const { value, batch, channels, height, width } = net.outputs.get(stage) as FeatureMap;
  const shares = graph.constant("float32", [height * width, cells * cells], cellShares(height, width, cells));
  const pooled = matmul(reshape(value, [batch, channels, height * width]), shares);
  return finish(graph, "stage features", { features: reshape(pooled, [batch, channels * cells * cells]) });
}

/** [pixels, cells²]: each cell is the mean of its pixels; cells overlap where a side does not divide (PyTorch's AdaptiveAvgPool2d). */
function cellShares(height: number, width: number, cells: number): Float32Array {
  const span = (cell: number, side: number): [number, number] => [
    Math.floor((cell * side) / cells),
    Math.ceil(((cell + 1) * side) / cells),
  ];
  const shares = new Float32Array(height * width * cells * cells);
  for (let row = 0; row < cells; row++) {
    const [top, bottom] = span(row, height);
    for (let column = 0; column < cells; column++) {
      const [left, right] = span(column, width);
      for (let y = top; y < bottom; y++) {
        for (let x = left; x < right; x++)
          shares[(y * width + x) * cells * cells + row * cells + column] =
            1 / ((bottom - top) * (right - left));
      }
    }
  }
  return shares;
}
