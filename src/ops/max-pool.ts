/** Max pooling over images, NCHW or with the channels last. */

import { apply } from "../graph/graph.ts";
import { requireRank, windowedExtent } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, One, Operator, Value } from "../graph/types.ts";
import { stridesOf } from "../util/tensor.ts";
import { reshape } from "./reshape.ts";

type MaxPoolAttributes = {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly ceil_mode: number;
};

export const MaxPool: Operator<MaxPoolAttributes, One> = {
  type: "MaxPool",
  attributes: { kernel_shape: "ints", strides: "ints", pads: "ints", ceil_mode: "int" },
  infer: ([x], { kernel_shape, strides, pads, ceil_mode }) => {
    const { dtype, shape } = x;
    requireRank(x, kernel_shape.length + 2, "the image");
    const extents = kernel_shape.map((kernel, i) =>
      windowedExtent(
        shape[i + 2] as Dim,
        kernel,
        strides[i] as number,
        pads[i] as number,
        ceil_mode === 1,
        pads[i + kernel_shape.length] as number,
      ),
    );
    return [{ dtype, shape: [...shape.slice(0, 2), ...extents] }];
  },
  gradient: { notDifferentiable: "stages that train use the rows lowering (RowMaxPool)" },
  window: ({ kernel_shape: [kernel = 1], strides: [stride = 1], pads: [padding = 0] }) => ({
    kernel,
    stride,
    padding,
  }),
  evaluate: ([x], attributes) => {
    const { shape, data, dtype } = x;
    const [type] = MaxPool.infer([x], attributes);
    const { kernel_shape, strides, pads } = attributes;
    const out = tensor64(type.shape as number[], undefined, dtype);
    const steps = stridesOf(shape);
    forEachIndex(out.shape, ([n, c, ...place], flat) => {
      let greatest = Number.NEGATIVE_INFINITY;
      forEachIndex(kernel_shape, (tap) => {
        const source = place.map(
          (o, i) => o * (strides[i] as number) + (tap[i] as number) - (pads[i] as number),
        );
        if (source.some((o, i) => o < 0 || o >= (shape[i + 2] as number))) return;
        greatest = Math.max(greatest, data[at([n as number, c as number, ...source], steps)] as number);
      });
      out.data[flat] = greatest;
    });
    return [out];
  },
  cases: [
    {
      inputs: [normal64([2, 3, 7, 5])],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 0 },
    },
    {
      inputs: [normal64([1, 2, 6, 8])],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 0, 0], ceil_mode: 1 },
    },
    {
      inputs: [normal64([1, 2, 4, 5])],
      attributes: { kernel_shape: [2, 2], strides: [1, 1], pads: [0, 0, 1, 1], ceil_mode: 0 },
    },
    {
      inputs: [normal64([2, 1, 5, 6, 3])],
      attributes: { kernel_shape: [3, 3, 1], strides: [2, 2, 1], pads: [1, 1, 0, 1, 1, 0], ceil_mode: 0 },
    },
  ],
};

/** `x` [N, C, H, W]; a square window. `after` is the padding at the lower and right border if it differs. */
export function maxPool(
  x: Value,
  kernel: number,
  stride: number,
  padding: number,
  ceil: boolean,
  after = padding,
): Value {
  return apply(MaxPool, [x], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [padding, padding, after, after],
    ceil_mode: ceil ? 1 : 0,
  });
}

/** `x` [N, H, W, C]; the same window. The channels act as a third spatial axis, along which the window has size 1. */
export function maxPoolChannelsLast(
  x: Value,
  { kernel, stride, padding, ceil }: { kernel: number; stride: number; padding: number; ceil: number },
): Value {
  const [batch, ...space] = x.shape as [Dim, number, number, number];
  const pooled = apply(MaxPool, [reshape(x, [batch, 1, ...space])], {
    kernel_shape: [kernel, kernel, 1],
    strides: [stride, stride, 1],
    pads: [padding, padding, 0, padding, padding, 0],
    ceil_mode: ceil,
  });
  return reshape(pooled, [batch, ...pooled.shape.slice(2)]);
}
