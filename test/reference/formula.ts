/** Weights, images and labels from an integer hash: the counterpart of formula.py, so that tests need no Python to make them. */

import { type FloatTensor, floatTensor, sizeOf } from "../../src/util/tensor.ts";

/** The kind of a tensor's content; formula.py lists the formula for each. */
export type FormulaKind =
  | "weight"
  | "depthwise"
  | "scale"
  | "bias"
  | "smallScale"
  | "mediumScale"
  | "shift"
  | "clippedShift"
  | "uniform"
  | "zeros"
  | "ones";

/** The FNV-1a hash of an ASCII text, unsigned. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Murmur3's finaliser. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Element `i` of the stream whose name has the hash `seed`, in [-1, 1) and exact in float32. */
const unit = (seed: number, i: number): number => (mix(seed ^ mix(i)) >>> 8) / 8388608 - 1;

/** Names of batch norms followed by an activation, in networks with clipped activations. */
const ACTIVE_NORM = /(^|\.)bn[12]\.bias$|^features\.\d+\.1\.bias$|\.[01]\.1\.bias$/;

/** The kind of a tensor of `model`, from its torchvision or timm name and its rank. */
export function kindOf(name: string, shape: readonly number[], model = ""): FormulaKind {
  if (name.endsWith("running_mean")) return "zeros";
  if (name.endsWith("running_var")) return "ones";
  if (/(class_token|cls_token|pos_embedding|pos_embed)$/.test(name)) return "uniform";
  if (name.endsWith("layer_scale")) return "smallScale";
  if (shape.length > 1) return shape.length === 4 && shape[1] === 1 ? "depthwise" : "weight";
  const isScale = name.endsWith(".weight");
  if (/^(head|classifier\.0)\./.test(name) || /^(vit|convnext)/.test(model))
    return isScale ? "scale" : "bias";
  if (isScale) return model.startsWith("efficientnet_b") ? "mediumScale" : "smallScale";
  return /^(mobilenet|efficientnet_lite)/.test(model) && ACTIVE_NORM.test(name) ? "clippedShift" : "shift";
}

/** The tensor called `name`; `kind` defaults to the one that name and rank imply. */
export function formulaTensor(
  name: string,
  shape: readonly number[],
  kind = kindOf(name, shape),
): FloatTensor {
  const data = new Float32Array(sizeOf(shape));
  const seed = fnv1a(name);
  const bound = Math.sqrt(6 / sizeOf(shape.slice(1)));
  const [height = 1, width = 1] = shape.slice(2);
  const taps = height * width;
  const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
  const value: Record<FormulaKind, (u: number, i: number) => number> = {
    weight: (u) => u * bound,
    depthwise: (u, i) => 0.1 * u + (i % taps === middle ? 1 : 0),
    scale: (u) => 1 + 0.1 * u,
    bias: (u) => 0.1 * u,
    smallScale: (u) => 0.1 + 0.01 * u,
    mediumScale: (u) => 0.15 + 0.015 * u,
    shift: (u, i) => (i % 4 === 3 ? -0.3 : 0.3) + 0.01 * u,
    clippedShift: (u, i) => (i % 8 === 3 ? -0.8 : i % 32 === 9 ? 6.5 : 0.3) + 0.01 * u,
    uniform: (u) => u,
    zeros: () => 0,
    ones: () => 1,
  };
  const make = value[kind];
  for (let i = 0; i < data.length; i++) data[i] = make(unit(seed, i), i);
  return floatTensor(shape, data);
}

/** Images [N, C, H, W]: a 4 x 4 mosaic with fine noise on it. */
export function formulaPictures(name: string, shape: readonly [number, number, number, number]): FloatTensor {
  const [n, c, h, w] = shape;
  const data = new Float32Array(n * c * h * w);
  const coarse = fnv1a(`${name}.coarse`);
  const fine = fnv1a(`${name}.fine`);
  let i = 0;
  for (let plane = 0; plane < n * c; plane++) {
    for (let y = 0; y < h; y++) {
      const row = plane * 16 + Math.floor((y * 4) / h) * 4;
      for (let x = 0; x < w; x++, i++) {
        data[i] = 1.5 * unit(coarse, row + Math.floor((x * 4) / w)) + 0.5 * unit(fine, i);
      }
    }
  }
  return floatTensor(shape, data);
}

/** Class numbers from 0 to `classes - 1`. */
export function formulaLabels(name: string, count: number, classes: number): number[] {
  const seed = fnv1a(name);
  return Array.from({ length: count }, (_, i) => mix(seed ^ mix(i)) % classes);
}

/** Decodes the 8-bit floats (sign, 4 exponent bits, 3 mantissa bits, base64) that hold batch-norm statistics. */
export function tinyFloats(base64: string): Float32Array {
  return Float32Array.from(Buffer.from(base64, "base64"), (code) => {
    const size = code & 127 ? (8 + (code & 7)) * 2 ** (((code >> 3) & 15) - 11) : 0;
    return code & 128 ? -size : size;
  });
}

/** The image called `name` in transforms.py, [3, H, W], from 0 to 1 in steps of 1/255. */
export function formulaPicture(name: string, height: number, width: number): FloatTensor {
  const data = new Float32Array(3 * height * width);
  const [fine, coarse] = [fnv1a(name), fnv1a(`${name}.coarse`)];
  for (let i = 0; i < data.length; i++) {
    const [plane, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    const tile = plane * 16 + Math.floor((y * 4) / height) * 4 + Math.floor((x * 4) / width);
    data[i] = Math.floor((0.5 + 0.25 * unit(fine, i) + 0.25 * unit(coarse, tile)) * 255 + 0.5) / 255;
  }
  return floatTensor([3, height, width], data);
}
