/**
 * Converts the tiny face detector and the tiny landmark network that the package @vladmandic/face-api carries into
 * dist/models/{face_detector,eyes}.onnx, their licence beside them. Part of `npm run build`; runs after the compiler.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileEyes } from "../src/predict/eyes-graph.ts";
import { compileFaceDetector } from "../src/predict/face-detector-graph.ts";
import { detectorMetadata } from "../src/predict/onnx-detector.ts";
import type { QuantizedTensor } from "../src/predict/tensorflow-weights.ts";
import { writeFileAtomic } from "../src/util/files.node.ts";

interface Manifest {
  readonly weights: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly quantization: { readonly dtype: "uint8"; readonly scale: number; readonly min: number };
  }[];
}

const packageFile = createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json");
const source = dirname(packageFile);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };
const read = (name: string): Buffer => readFileSync(join(source, "model", name));

/** The weights of one model by name. */
function weightsOf(model: string): Map<string, QuantizedTensor> {
  const manifests = JSON.parse(read(`${model}_model-weights_manifest.json`).toString("utf8")) as Manifest[];
  const bytes = read(`${model}_model.bin`);
  const weights = new Map<string, QuantizedTensor>();
  let offset = 0;
  for (const { name, shape, quantization } of manifests.flatMap((manifest) => manifest.weights)) {
    const length = shape.reduce((product, dim) => product * dim, 1);
    weights.set(name, { shape, bytes: bytes.subarray(offset, offset + length), ...quantization });
    offset += length;
  }
  if (offset !== bytes.length)
    throw new Error(`the manifest names ${offset} numbers, the file of weights has ${bytes.length}`);
  return weights;
}

const provenance = (model: string): { source: string; license: string } => ({
  source: `${model} of face-api.js (Vincent Mühler, MIT), from @vladmandic/face-api ${version}`,
  license: "MIT",
});
const detector = compileFaceDetector(weightsOf("tiny_face_detector"), {
  ...detectorMetadata({ size: 416, threshold: 0.5, overlap: 0.4 }),
  ...provenance("the tiny face detector"),
});
const eyes = compileEyes(weightsOf("face_landmark_68_tiny"), provenance("the tiny landmark network"));

const folder = fileURLToPath(new URL("../dist/models/", import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileAtomic(join(folder, "face_detector.onnx"), detector.model);
writeFileAtomic(join(folder, "eyes.onnx"), eyes.model);
const licence = readFileSync(join(source, "LICENSE"), "utf8");
writeFileAtomic(
  join(folder, "face_detector.LICENSE.txt"),
  `face_detector.onnx and eyes.onnx hold the weights of the tiny face detector and of the tiny landmark network of face-api.js ` +
    `(Vincent Mühler, MIT), from @vladmandic/face-api ${version}, converted. Their licence:\n\n${licence}`,
);
