/** Our tensors as ONNX Runtime's and back: the same class in Node and in a browser. */

import type { Tensor as OrtTensor } from "onnxruntime-node";
import type { DType, Tensor, TypedArray } from "../util/tensor.ts";
import type { Tensors } from "./session.ts";

/** Constructor of ONNX Runtime's tensors, from whichever of its packages is loaded. */
export type OrtTensorClass = typeof OrtTensor;

export function toOrt(Class: OrtTensorClass, tensor: Tensor): OrtTensor {
  return new Class(tensor.dtype, halfAware(tensor) as OrtTensor.DataType, tensor.shape);
}

/** Runtimes that know Float16Array want halves as one; older ones want the raw bits. */
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

/** Results with those that `outputs` names copied there, and these tensors in their place. */
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
