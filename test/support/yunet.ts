/** Synthetic networks with YuNet's inputs and outputs: YuNet itself is on the Hugging Face hub, which tests do not access. */

import type { Picture } from "../../src/data/dataset.ts";
import { encode } from "../../src/graph/encode.ts";
import { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/types.ts";
import { conv } from "../../src/ops/conv.ts";
import { reshape } from "../../src/ops/reshape.ts";
import { transpose } from "../../src/ops/transpose.ts";
import { random } from "../../src/util/random.ts";

/** One map of a stride: filters [count, 3, kernel, kernel] with the stride of the map, and a bias for each. */
interface Head {
  readonly kernel: number;
  readonly filters: Float32Array;
  readonly bias: readonly number[];
}

const fields = ["cls", "obj", "bbox", "kps"] as const;
type Field = (typeof fields)[number];

/** `side` fixes the input size, like the version of March 2023; without it any size is accepted, like the version of May 2026. */
function yunetOf(side: number | undefined, headOf: (field: Field, stride: number) => Head): Uint8Array {
  const graph = new Graph();
  const image = graph.input("input", "float32", [1, 3, side ?? "H", side ?? "W"]);
  for (const field of fields) {
    for (const stride of [8, 16, 32]) {
      const { kernel, filters, bias } = headOf(field, stride);
      const w = graph.constant("float32", [bias.length, 3, kernel, kernel], filters);
      const b = graph.constant("float32", [bias.length], Float32Array.from(bias));
      const map = conv(image, w, b, stride, (kernel - stride) / 2);
      graph.output(`${field}_${stride}`, byCell(map, bias.length));
    }
  }
  return encode(graph, "yunet");
}

/** [1, C, H, W] as [1, H · W, C]. */
function byCell(map: Value, count: number): Value {
  return reshape(transpose(map, [0, 2, 3, 1]), [1, -1, count]);
}

/** Side in pixels of the reference's image (bench/peers/yunet-boxes.ts). */
export const noiseYunetSide = 160;

/** Arbitrary numbers for comparing decoders, including scores below 0 and above 1. */
export function noiseYunet(side?: number): Uint8Array {
  const count = { cls: 1, obj: 1, bbox: 4, kps: 10 };
  // The range of the outputs for pixels from 0 to 255.
  const spread = { cls: 0.5, obj: 0.5, bbox: 0.7, kps: 1 };
  return yunetOf(side, (field, stride) => {
    const rng = random("yunet", field, stride);
    const size = count[field] * 3 * stride * stride;
    const scale = spread[field] / (64 * stride);
    return {
      kernel: stride,
      filters: Float32Array.from({ length: size }, () => scale * rng.normal()),
      bias: Array.from({ length: count[field] }, () => (field === "bbox" ? 0.8 : 0.4) + 0.1 * rng.normal()),
    };
  });
}

/** The clockwise tilt of every face of `markerYunet`, in degrees. */
export const MARKER_TILT = (Math.atan2(0.2, 1) * 180) / Math.PI;

/**
 * Finds blue squares, each as the centre of a face three times as wide: a cell's class score is its blueness, and its objectness
 * decreases with the blue around it.
 */
export function markerYunet(side?: number): Uint8Array {
  return yunetOf(side, (field, stride) => {
    const kernel = field === "obj" ? 3 * stride : stride;
    const isInside = (x: number): boolean => x >= stride && x < 2 * stride;
    const blueness = (weightAt: (x: number, y: number) => number): Float32Array =>
      Float32Array.from({ length: 3 * kernel * kernel }, (_, i) => {
        const [channel, pixel] = [Math.floor(i / kernel ** 2), i % kernel ** 2];
        return (([1, 0, -1][channel] as number) * weightAt(pixel % kernel, Math.floor(pixel / kernel))) / 255;
      });
    if (field === "cls") return { kernel, filters: blueness(() => 1 / stride ** 2), bias: [0] };
    if (field === "obj") {
      const around = blueness((x, y) => (isInside(x) && isInside(y) ? 0 : -1 / (3 * stride ** 2)));
      return { kernel, filters: around, bias: [1] };
    }
    const bias =
      field === "bbox" ? [0.5, 0.5, Math.log(3), Math.log(3)] : [0, 0.4, 1, 0.6, 0.5, 1, 0, 1.5, 1, 1.5];
    return { kernel, filters: new Float32Array(bias.length * 3 * kernel * kernel), bias };
  });
}

/** A grey image with blue squares, given by their centres and sides. */
export function markers(
  width: number,
  height: number,
  squares: readonly { readonly x: number; readonly y: number; readonly side: number }[],
): Picture {
  const pixels = new Uint8Array(width * height * 3).fill(128);
  for (const { x, y, side } of squares)
    for (let row = Math.max(0, Math.round(y - side / 2)); row < Math.min(height, y + side / 2); row++)
      for (
        let column = Math.max(0, Math.round(x - side / 2));
        column < Math.min(width, x + side / 2);
        column++
      )
        pixels.set([0, 0, 255], 3 * (row * width + column));
  return { pixels, width, height, channels: 3 };
}

/** Colour noise in squares of 1 to 32 px. */
export function colourNoise(width: number, height: number): Picture {
  const cells = [1, 4, 32].map((cell) => ({ cell, rng: new Map<string, number>() }));
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    let sum = 0;
    for (const { cell, rng } of cells) {
      const key = `${Math.floor(x / cell)} ${Math.floor(y / cell)} ${channel}`;
      const known = rng.get(key) ?? random("noise", cell, key).next();
      rng.set(key, known);
      sum += known;
    }
    pixels[i] = (255 * sum) / 3;
  }
  return { pixels, width, height, channels: 3 };
}
