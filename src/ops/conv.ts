/** Convolution over NCHW images with ONNX Runtime's blocked kernels, for frozen stages and for prediction. */

import { apply } from "../graph/graph.ts";
import { requireRank, requireSameDType, show, windowedExtent } from "../graph/infer.ts";
import { at, forEachIndex, normal64, tensor64 } from "../graph/tensor64.ts";
import type { Dim, Operator, TwoOrThree, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { stridesOf } from "../util/tensor.ts";

type ConvAttributes = {
  readonly kernel_shape: readonly number[];
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
};

export const Conv: Operator<ConvAttributes, TwoOrThree> = {
  type: "Conv",
  attributes: { kernel_shape: "ints", strides: "ints", pads: "ints", group: "int" },
  infer: ([x, w, b], { kernel_shape, strides, pads, group }) => {
    requireRank(x, 4, "the image");
    requireRank(w, 4, "the weight");
    requireSameDType(x, w);
    const [n, c] = x.shape as [Dim, Dim];
    const [out, inside] = w.shape as [Dim, Dim];
    const wanted = (inside as number) * group;
    if (c !== wanted || (out as number) % group !== 0)
      throw new GraphError(
        `the image ${show(x.shape)} has ${c} channels, the weight ${show(w.shape)} in ${group} groups wants ${wanted}`,
      );
    if (b && (b.shape.length !== 1 || b.shape[0] !== out))
      throw new GraphError(`the bias must have shape [${out}], got ${show(b.shape)}`);
    if (b) requireSameDType(x, b);
    const extent = (axis: number): Dim =>
      windowedExtent(
        x.shape[axis + 2] as Dim,
        kernel_shape[axis] as number,
        strides[axis] as number,
        pads[axis] as number,
        false,
        pads[axis + 2] as number,
      );
    return [{ dtype: x.dtype, shape: [n, out, extent(0), extent(1)] }];
  },
  gradient: {
    notDifferentiable:
      "stages that train use the rows lowering (RowConv), whose gradients are matrix products",
  },
  window: ({ kernel_shape: [kernel = 1], strides: [stride = 1], pads: [padding = 0] }) => ({
    kernel,
    stride,
    padding,
  }),
  evaluate: (inputs, attributes) => {
    const [x, w, b] = inputs;
    const [type] = Conv.infer(inputs, attributes);
    const out = tensor64(type.shape as number[], undefined, x.dtype);
    const [xs, ws] = [stridesOf(x.shape), stridesOf(w.shape)];
    const [stride = 1] = attributes.strides;
    const [padding = 0] = attributes.pads; // Zeros below and to the right contribute nothing.
    const [, , height, width] = x.shape as [number, number, number, number];
    const [outputs, channels] = w.shape as [number, number];
    const perGroup = outputs / attributes.group;
    const [kh, kw] = attributes.kernel_shape as [number, number];
    forEachIndex(out.shape, ([n, o, y, z], flat) => {
      let sum = b ? (b.data[o as number] as number) : 0;
      const first = Math.floor((o as number) / perGroup) * channels;
      for (let c = 0; c < channels; c++) {
        for (let i = 0; i < kh; i++) {
          for (let j = 0; j < kw; j++) {
            const [row, column] = [
              (y as number) * stride + i - padding,
              (z as number) * stride + j - padding,
            ];
            if (row < 0 || row >= height || column < 0 || column >= width) continue;
            sum +=
              (x.data[at([n as number, first + c, row, column], xs)] as number) *
              (w.data[at([o as number, c, i, j], ws)] as number);
          }
        }
      }
      out.data[flat] = sum;
    });
    return [out];
  },
  cases: [
    {
      inputs: [normal64([2, 3, 7, 5]), normal64([4, 3, 3, 3]), normal64([4])],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], group: 1 },
    },
    {
      inputs: [normal64([1, 2, 3, 3]), normal64([5, 2, 1, 1])],
      attributes: { kernel_shape: [1, 1], strides: [1, 1], pads: [0, 0, 0, 0], group: 1 },
    },
    {
      inputs: [normal64([2, 4, 5, 6]), normal64([6, 2, 3, 3]), normal64([6])],
      attributes: { kernel_shape: [3, 3], strides: [1, 1], pads: [1, 1, 1, 1], group: 2 },
    },
    {
      inputs: [normal64([1, 2, 6, 4]), normal64([3, 2, 3, 3])],
      attributes: { kernel_shape: [3, 3], strides: [2, 2], pads: [0, 0, 1, 1], group: 1 },
    },
  ],
};

/**
 * `x` [N, C, H, W], `w` [O, C / groups, K, K]; stride and zero padding are the same on both axes. Each group of outputs
 * sees its own group of channels: with one group per channel the convolution is depthwise. `after` is the padding below
 * and to the right if it differs, as in TensorFlow's "same" padding at stride 2.
 */
export function conv(
  x: Value,
  w: Value,
  bias: Value | undefined,
  stride: number,
  padding: number,
  groups = 1,
  after = padding,
): Value {
  const kernel = w.shape.slice(2) as number[];
  return apply(Conv, bias ? [x, w, bias] : [x, w], {
    kernel_shape: kernel,
    strides: [stride, stride],
    pads: [padding, padding, after, after],
    group: groups,
  });
}
