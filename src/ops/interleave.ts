/**
 * Interleaved maps: of every `block` consecutive maps, [block, pixels], the numbers of each pixel become adjacent, [pixels,
 * block]; and the reverse. ONNX Runtime's blocked convolutions store maps in this order: see `blocked-conv.ts`.
 */

import { apply } from "../graph/graph.ts";
import { show } from "../graph/infer.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import type { One, Operator, Tensor64, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";
import { sizeOf } from "../util/tensor.ts";
import { intoBlocks, outOfBlocks } from "./blocked-conv.ts";
import { reshape } from "./reshape.ts";
import { transpose } from "./transpose.ts";

/** `apart` is 1 for the reverse. */
type InterleaveAttributes = { readonly block: number; readonly pixels: number; readonly apart: number };

export const Interleave: Operator<InterleaveAttributes, One> = {
  type: "Interleave",
  attributes: { block: "hidden", pixels: "hidden", apart: "hidden" },
  infer: ([{ dtype, shape }], { block, pixels }) => {
    const size = shape.reduce<number>((product, dim) => product * (dim as number), 1);
    if (size % (block * pixels) !== 0)
      throw new GraphError(`${show(shape)} are not maps of ${pixels} pixels, ${block} and ${block} together`);
    return [{ dtype, shape }];
  },
  gradient: ([dy], { attributes: { block, pixels, apart } }) => [
    apply(Interleave, [dy], { block, pixels, apart: 1 - apart }),
  ],
  expand: ([x], { block, pixels, apart }) => {
    const maps = sizeOf(x.shape as number[]) / pixels;
    if (x.graph.block === block && x.dtype === "float32") {
      const blocks = apart
        ? outOfBlocks({ value: reshape(x, [1, maps, pixels, 1]), maps, height: pixels, width: 1 })
        : intoBlocks(x, maps, pixels, 1).value;
      return [reshape(blocks, x.shape)];
    }
    const [inner, outer] = apart ? [block, pixels] : [pixels, block];
    return [reshape(transpose(reshape(x, [maps / block, outer, inner]), [0, 2, 1]), x.shape)];
  },
  evaluate: ([x], { block, pixels, apart }) => [
    apart ? apart64(x, block, pixels) : together64(x, block, pixels),
  ],
  cases: [
    { inputs: [normal64([3, 4 * 5])], attributes: { block: 2, pixels: 5, apart: 0 } },
    { inputs: [normal64([3, 4 * 5])], attributes: { block: 4, pixels: 5, apart: 1 } },
    { inputs: [normal64([4, 1])], attributes: { block: 4, pixels: 1, apart: 0 } },
  ],
};

/** Interleaves maps of `pixels` numbers each, `block` at a time; `x` has any shape. */
export function together(x: Value, block: number, pixels: number): Value {
  return pixels === 1 ? x : apply(Interleave, [x], { block, pixels, apart: 0 });
}

/** Reverses `together`: consecutive maps. */
export function apart(x: Value, block: number, pixels: number): Value {
  return pixels === 1 ? x : apply(Interleave, [x], { block, pixels, apart: 1 });
}

export function together64(x: Tensor64, block: number, pixels: number): Tensor64 {
  return exchanged(x, block, pixels);
}

export function apart64(x: Tensor64, block: number, pixels: number): Tensor64 {
  return exchanged(x, pixels, block);
}

/** Transposes each [rows, columns] of the numbers. */
function exchanged(x: Tensor64, rows: number, columns: number): Tensor64 {
  const size = rows * columns;
  const data = x.data.map((_, i) => {
    const at = i % size;
    return x.data[i - at + (at % rows) * columns + Math.floor(at / rows)] as number;
  });
  return tensor64(x.shape, data, x.dtype);
}
