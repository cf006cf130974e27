/**
 * Where the cells of a feature map look: their receptive fields (Araujo et al. 2019, "Computing Receptive Fields of Convolutional
 * Neural Networks"), accumulated over the convolutions and poolings between the picture and the map.
 */

import { Graph } from "../graph/graph.ts";
import { nodesOf } from "../graph/lower.ts";
import type { Node, Value } from "../graph/types.ts";
import { pictures } from "../nn/features.ts";
import { Network } from "../nn/network.ts";
import { GraphError } from "../util/errors.ts";
import type { Backbone } from "./backbone.ts";

/**
 * The receptive fields of the cells along one side: cell k sees the pixels from `first` + k·`step` to `last` + k·`step`, in pixels
 * from the edge of the picture, so that the first pixel reaches from 0 to 1. A field may reach over the edge, into padding.
 */
export interface ReceptiveField {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** The centres of cells along one side: that of cell k lies at `start` + k·`step` pixels from the edge of the picture. */
export interface CellGrid {
  readonly start: number;
  readonly step: number;
}

/** Where the cells of a backbone's last feature map look, for square pictures of `size` pixels. */
export function cellGrid(backbone: Backbone, size: number): CellGrid {
  const graph = new Graph();
  // As in training no weights are needed.
  const net = new Network({
    graph,
    weights: new Map(),
    trainable: () => true,
    batchNorm: "batch",
    training: true,
  });
  const input = graph.input("pictures", "float32", [1, backbone.preprocessing.mean.length, size, size]);
  const features = backbone.build(net, pictures(input));
  const { first, last, step } = receptiveField(features.value, input);
  return { start: (first + last) / 2, step };
}

/**
 * The receptive field of `map` in `input`. Where several paths lead from one to the other it holds the fields of all of them.
 *
 * @throws GraphError where no path does, or where paths step over the picture differently.
 */
export function receptiveField(map: Value, input: Value): ReceptiveField {
  const fields = new Map<Value, ReceptiveField>([[input, { first: 0, last: 1, step: 1 }]]);
  for (const node of nodesOf([map])) {
    const inputs = node.inputs.flatMap((value) => fields.get(value) ?? []);
    if (inputs.length === 0) continue;
    const field = through(
      node,
      inputs.reduce((a, b) => joined(a, b, node)),
    );
    for (const output of node.outputs) fields.set(output, field);
  }
  const field = fields.get(map);
  if (!field) throw new GraphError(`${map.name} does not depend on ${input.name}`);
  return field;
}

/** The field behind a node's window, if it has one. */
function through({ operator, attributes }: Node, { first, last, step }: ReceptiveField): ReceptiveField {
  if (!operator.window) return { first, last, step };
  const { kernel, stride, padding } = operator.window(attributes);
  return {
    first: first - padding * step,
    last: last + (kernel - 1 - padding) * step,
    step: step * stride,
  };
}

function joined(a: ReceptiveField, b: ReceptiveField, { scope, operator }: Node): ReceptiveField {
  if (a.step !== b.step)
    throw new GraphError(
      `${scope}: ${operator.type} joins maps whose cells lie ${a.step} and ${b.step} pixels apart`,
    );
  return { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), step: a.step };
}
