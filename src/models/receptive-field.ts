/**
 * Receptive fields of feature-map cells (Araujo et al. 2019, "Computing Receptive Fields of Convolutional Neural
 * Networks"), accumulated over the convolutions and poolings between image and map.
 */

import { Graph } from "../graph/graph.ts";
import { nodesOf } from "../graph/lower.ts";
import type { Node, Value } from "../graph/types.ts";
import { gridOf, pictures } from "../nn/features.ts";
import { weightless } from "../nn/network.ts";
import { type Backbone, explainedOf } from "./backbone.ts";

/**
 * The receptive fields of the cells along one side. Cell k sees the pixels from `first` + k·`step` to `last` +
 * k·`step`, in pixels from the edge of the image; the first pixel extends from 0 to 1. A field may extend beyond the
 * edge, into padding.
 */
export interface ReceptiveField {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

/** The centres of cells along one side. Cell k is centred at `start` + k·`step` pixels from the edge of the image. */
export interface CellGrid {
  readonly start: number;
  readonly step: number;
}

/**
 * Returns the cell positions of the map that explains a backbone, for square images of `size` pixels. If the layers
 * give cells no single position, the cells divide the image evenly.
 */
export function cellGrid(backbone: Backbone, size: number): CellGrid {
  const graph = new Graph();
  const net = weightless(graph);
  const input = graph.input("pictures", "float32", [1, backbone.preprocessing.mean.length, size, size]);
  const features = explainedOf(backbone, net, backbone.build(net, pictures(input)));
  const field = receptiveField(features.value, input);
  if (field) return { start: (field.first + field.last) / 2, step: field.step };
  const step = size / gridOf(features).width;
  return { start: step / 2, step };
}

/**
 * Returns the receptive field of `map` in `input`. If there are several paths, it covers all of them. Undefined if
 * there is no path, or if the paths have different steps.
 */
export function receptiveField(map: Value, input: Value): ReceptiveField | undefined {
  const fields = new Map<Value, ReceptiveField | undefined>([[input, { first: 0, last: 1, step: 1 }]]);
  for (const node of nodesOf([map])) {
    const inputs = node.inputs.filter((value) => fields.has(value)).map((value) => fields.get(value));
    if (inputs.length === 0) continue;
    const field = through(node, inputs.reduce(joined));
    for (const output of node.outputs) fields.set(output, field);
  }
  return fields.get(map);
}

/** Returns the field before a node's window, if it has one. */
function through(
  { operator, attributes }: Node,
  field: ReceptiveField | undefined,
): ReceptiveField | undefined {
  if (!field || !operator.window) return field;
  const { first, last, step } = field;
  const { kernel, stride, padding } = operator.window(attributes);
  return {
    first: first - padding * step,
    last: last + (kernel - 1 - padding) * step,
    step: step * stride,
  };
}

function joined(a: ReceptiveField | undefined, b: ReceptiveField | undefined): ReceptiveField | undefined {
  if (!a || !b || a.step !== b.step) return undefined;
  return { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last), step: a.step };
}
