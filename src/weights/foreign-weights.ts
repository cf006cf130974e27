/** Describes files that are not weights but were given as such: what they are, and what to do. */

import { foreignContent, textOf } from "../util/foreign.ts";

const reads =
  "vultus reads weights of PyTorch networks: .safetensors, .pth or .pt, or .onnx with PyTorch's names";

const signatures: readonly (readonly [begin: RegExp, what: string])[] = [
  [/^\x89HDF\r\n/, `an HDF5 file, as Keras writes it; ${reads}`],
  [/^GGUF/, `a GGUF file of llama.cpp; ${reads}`],
  [/^[^]{4}TFL3/, `a TensorFlow Lite model; ${reads}`],
  [/^\x93NUMPY/, `a single NumPy array; ${reads}`],
  [/^\x89PNG|^\xff\xd8\xff/, `an image; ${reads}`],
];

/** Formats without a signature, by the names of their files. */
const names: readonly (readonly [name: RegExp, what: string])[] = [
  [/\.ckpt\S*\.(index|meta|data-\d+-of-\d+)$/, "part of a TensorFlow checkpoint"],
  [/\.pb$/, "a TensorFlow graph"],
  [/\.(mlmodel|mlpackage)$/, "a Core ML model"],
  [/\.caffemodel$/, "a Caffe model"],
  [/\.params$/, "an MXNet weights file"],
  [/\.msgpack$/, "a Flax weights file"],
  [/\.(engine|plan|trt)$/, "a TensorRT engine"],
];

/** Describes a file by its first bytes, such as `a web page; …`; undefined if they are not recognised. */
export function foreignWeights(bytes: Uint8Array): string | undefined {
  const head = textOf(bytes);
  const known = foreignContent(bytes) ?? signatures.find(([begin]) => begin.test(head))?.[1];
  if (known !== undefined) return known;
  if (!/^[\x20-\x7e\s]+$/.test(head)) return undefined;
  const line = head.trim().replace(/\s+/g, " ");
  return `the text "${line.length > 60 ? `${line.slice(0, 60)}…` : line}"; if it comes from a download, sign in and fetch it again`;
}

/** Describes a file by its name, if its content is not recognised. */
export function foreignByName(file: string): string {
  const known = names.find(([name]) => name.test(file))?.[1];
  return `${known ?? "in an unknown format"}; ${reads}`;
}
