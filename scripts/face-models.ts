/**
 * Converts the larger face detector and the tiny landmark network that the package @vladmandic/face-api carries into
 * dist/models/{face_detector,eyes}.onnx, with their licence next to them. Part of `npm run build`; runs after the compiler.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileEyes } from "../src/predict/eyes-graph.ts";
import { detectorMetadata } from "../src/predict/onnx-detector.ts";
import { compileSsd } from "../src/predict/ssd-graph.ts";
import type { QuantizedTensor } from "../src/predict/tensorflow-weights.ts";
import { writeFileAtomic } from "../src/util/files.node.ts";

interface Manifest {
  readonly weights: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    /** Left out: tensors of four bytes per number, such as the boxes of the whole network, which ours computes. */
    readonly quantization?: { readonly dtype: "uint8"; readonly scale: number; readonly min: number };
  }[];
}

const packageFile = createRequire(import.meta.url).resolve("@vladmandic/face-api/package.json");
const source = dirname(packageFile);
const { version } = JSON.parse(readFileSync(packageFile, "utf8")) as { version: string };
const read = (name: string): Buffer => readFileSync(join(source, "model", name));

/** The weights of one model, by name. */
function weightsOf(model: string): Map<string, QuantizedTensor> {
  const manifests = JSON.parse(read(`${model}_model-weights_manifest.json`).toString("utf8")) as Manifest[];
  const bytes = read(`${model}_model.bin`);
  const weights = new Map<string, QuantizedTensor>();
  let offset = 0;
  for (const { name, shape, quantization } of manifests.flatMap((manifest) => manifest.weights)) {
    const count = shape.reduce((product, dim) => product * dim, 1);
    const length = quantization ? count : 4 * count;
    if (quantization)
      weights.set(name, { shape, bytes: bytes.subarray(offset, offset + length), ...quantization });
    offset += length;
  }
  if (offset !== bytes.length)
    throw new Error(`the manifest of ${model} describes ${offset} bytes, its weights have ${bytes.length}`);
  return weights;
}

const provenance = (model: string): { source: string; license: string } => ({
  source: `${model} of face-api.js (Vincent Mühler, MIT), from @vladmandic/face-api ${version}`,
  license: "MIT",
});
const detector = compileSsd(weightsOf("ssd_mobilenetv1"), {
  ...detectorMetadata({ size: 512, threshold: 0.5, overlap: 0.35, sees: { smallest: 14, largest: 96 } }),
  ...provenance("the SSD MobileNetV1"),
});
const eyes = compileEyes(weightsOf("face_landmark_68_tiny"), provenance("the tiny landmark network"));

const folder = fileURLToPath(new URL("../dist/models/", import.meta.url));
mkdirSync(folder, { recursive: true });
writeFileAtomic(join(folder, "face_detector.onnx"), detector.model);
writeFileAtomic(join(folder, "eyes.onnx"), eyes.model);
const licence = readFileSync(join(source, "LICENSE"), "utf8");
writeFileAtomic(
  join(folder, "face_detector.LICENSE.txt"),
  `face_detector.onnx and eyes.onnx hold weights of the SSD MobileNetV1 and those of the tiny landmark network of face-api.js ` +
    `(Vincent Mühler, MIT), from @vladmandic/face-api ${version}, converted. Their licence:\n\n${licence}`,
);
