/** Converts our tensors to ONNX Runtime's and back. The class is the same in Node and in browsers. */

import type { Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, Tensor, TypedArray } from "../util/tensor.ts";
import type { Tensors } from "./session.ts";

/** The constructor of ONNX Runtime's tensors, from the package that is loaded. */
export type OrtTensorClass = typeof OrtTensor;

export function toOrt(Class: OrtTensorClass, tensor: Tensor): OrtTensor {
  return new Class(tensor.dtype, halfAware(tensor) as OrtTensor.DataType, tensor.shape);
}

/** Runtimes that support Float16Array require it for float16; older ones require the raw bits. */
function halfAware({ dtype, data }: Tensor): TypedArray {
  const { Float16Array: Half } = globalThis as {
    Float16Array?: new (b: ArrayBufferLike, o: number, n: number) => TypedArray;
  };
  return dtype === "float16" && Half ? new Half(data.buffer, data.byteOffset, data.length) : data;
}

export function fromOrt(tensor: OrtTensor): Tensor {
  const dtype = tensor.type as DType;
  const data = tensor.data as TypedArray;
  const raw = dtype === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
  return { dtype, shape: tensor.dims, data: raw };
}

export function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}

/**
 * Copies the results named in `outputs` into these tensors, and returns the results with these tensors in their
 * place.
 */
export function writtenInto(results: Tensors, outputs: Tensors): Tensors {
  return Object.fromEntries(
    Object.entries(results).map(([name, result]) => {
      const wanted = outputs[name];
      if (!wanted) return [name, result];
      (wanted.data as Float32Array).set(result.data as Float32Array);
      return [name, wanted];
    }),
  );
}
