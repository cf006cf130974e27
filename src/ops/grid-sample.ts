/** Samples NCHW images at given places, bilinearly, with zeros outside. ONNX opset 16, align_corners 0. */

import { apply } from "../graph/graph.ts";
import { requireRank, show } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64, uniform64 } from "../graph/tensor64.ts";
import type { Dim, Operator, Two, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { stridesOf } from "../util/tensor.ts";

type GridSampleAttributes = {
  readonly mode: string;
  readonly padding_mode: string;
  readonly align_corners: number;
};

const attributes: GridSampleAttributes = { mode: "bilinear", padding_mode: "zeros", align_corners: 0 };

export const GridSample: Operator<GridSampleAttributes, Two> = {
  type: "GridSample",
  attributes: { mode: "string", padding_mode: "string", align_corners: "int" },
  infer: ([x, grid]) => {
    requireRank(x, 4, "the image");
    requireRank(grid, 4, "the grid");
    if (grid.shape[3] !== 2 || grid.shape[0] !== x.shape[0]) {
      throw new GraphError(`the grid ${show(grid.shape)} must be [${x.shape[0]}, height, width, 2]`);
    }
    return [{ dtype: x.dtype, shape: [...x.shape.slice(0, 2), ...grid.shape.slice(1, 3)] as Dim[] }];
  },
  gradient: { notDifferentiable: "images are data: nothing before them trains" },
  evaluate: (inputs) => {
    const [x, grid] = inputs;
    const [type] = GridSample.infer(inputs, attributes);
    const out = tensor64(type.shape as number[], undefined, x.dtype);
    const [, , height, width] = x.shape as [number, number, number, number];
    const [strides, gridStrides] = [stridesOf(x.shape), stridesOf(grid.shape)];
    forEachIndex(out.shape, ([n, c, y, z], flat) => {
      const place = at([n as number, y as number, z as number, 0], gridStrides);
      const column = (((grid.data[place] as number) + 1) * width - 1) / 2;
      const row = (((grid.data[place + 1] as number) + 1) * height - 1) / 2;
      let sum = 0;
      for (const [r, weight] of corners(row)) {
        for (const [s, share] of corners(column)) {
          if (r < 0 || r >= height || s < 0 || s >= width) continue;
          sum += weight * share * (x.data[at([n as number, c as number, r, s], strides)] as number);
        }
      }
      out.data[flat] = sum;
    });
    return [out];
  },
  cases: [
    { inputs: [normal64([2, 3, 5, 4]), uniform64([2, 3, 6, 2], -1.2, 1.2)], attributes },
    { inputs: [normal64([1, 1, 3, 7]), uniform64([1, 5, 1, 2], -1.2, 1.2)], attributes },
    { inputs: [normal64([3, 2, 1, 1]), uniform64([3, 7, 5, 2], -2.5, 2.5)], attributes },
  ],
};

/** `x` [N, C, H, W], `grid` [N, h, w, 2] as (column, row) from -1 (the first pixel's outer edge) to 1 (the last's). */
export function gridSample(x: Value, grid: Value): Value {
  return apply(GridSample, [x, grid], attributes);
}

function corners(position: number): [number, number][] {
  const low = Math.floor(position);
  const share = position - low;
  return [
    [low, 1 - share],
    [low + 1, share],
  ];
}
