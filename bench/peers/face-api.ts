/** face-api.js in Node, on the WebAssembly backend of TensorFlow.js: types for the parts that this folder uses. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Picture } from "../../src/data/dataset.ts";

export interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

export interface TensorFlow {
  tensor3d(values: Int32Array, shape: [number, number, number], dtype: "int32"): Tensor;
  tensor4d(values: Float32Array, shape: [number, number, number, number]): Tensor;
  readonly image: {
    resizeBilinear(x: Tensor, size: [number, number], alignCorners: boolean): Tensor;
  };
  readonly io: { fromMemory(artifacts: object): object };
  loadGraphModel(handler: object): Promise<{ execute(x: Tensor): Tensor }>;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  readonly version: Readonly<Record<string, string>>;
}

/** A face as face-api.js returns it, in pixels. */
export interface Detection {
  readonly score: number;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

interface Net {
  loadFromDisk(folder: string): Promise<void>;
}

export interface FaceApi {
  /** Options of the larger detector. */
  readonly SsdMobilenetv1Options: new (options: {
    readonly minConfidence: number;
  }) => object;
  readonly nets: {
    readonly ssdMobilenetv1: Net & {
      locateFaces(picture: Tensor, options: object): Promise<readonly Detection[]>;
      /** All boxes of one image (top, left, bottom and right edge as shares of the input), and their scores. */
      forward(
        picture: Tensor,
      ): Promise<{ readonly boxes: readonly Tensor[]; readonly scores: readonly Tensor[] }>;
    };
    readonly faceLandmark68TinyNet: Net & {
      detectLandmarks(
        face: Tensor,
      ): Promise<{ readonly positions: readonly { readonly x: number; readonly y: number }[] }>;
    };
    readonly faceExpressionNet: Net & {
      predictExpressions(pictures: readonly Tensor[]): Promise<readonly Readonly<Record<string, number>>[]>;
    };
  };
}

const require = createRequire(import.meta.url);

/** TensorFlow.js on WebAssembly, with its default number of threads. */
export async function startTensorFlow(): Promise<TensorFlow> {
  const tf = require("@tensorflow/tfjs") as TensorFlow;
  const backend = require("@tensorflow/tfjs-backend-wasm") as { setWasmPaths(folder: string): void };
  backend.setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  await tf.setBackend("wasm");
  await tf.ready();
  return tf;
}

export async function loadFaceApi(nets: readonly (keyof FaceApi["nets"])[]): Promise<FaceApi> {
  const faceApi = require("@vladmandic/face-api/dist/face-api.node-wasm.js") as FaceApi;
  const models = join(dirname(require.resolve("@vladmandic/face-api/package.json")), "model");
  for (const net of nets) await faceApi.nets[net].loadFromDisk(models);
  return faceApi;
}

/** An image as RGB numbers [H, W, 3]. */
export function tensorOf(tf: TensorFlow, { pixels, width, height, channels }: Picture): Tensor {
  const values = new Int32Array(width * height * 3);
  for (let i = 0; i < values.length; i++)
    values[i] = pixels[channels === 3 ? i : Math.floor(i / 3)] as number;
  return tf.tensor3d(values, [height, width, 3], "int32");
}
