/** Where a model looked in one face: compiled for that model from its file when it is asked for. */

import type { Picture } from "../../../src/data/dataset.ts";
import { explainPictures } from "../../../src/evaluate/explain.ts";
import { heatOverlay } from "../../../src/evaluate/heat-overlay.ts";
import { inMemory } from "../../../src/evaluate/run-bundle.ts";
import { describe } from "../../../src/models/classifier.ts";
import type { DetectedFace } from "../../../src/predict/boxes.ts";
import { centreSquare, faceCrop } from "../../../src/predict/framing.ts";
import { type WebModel, webEngine } from "../../../src/predict/model.web.ts";
import { fitWeights } from "../../../src/weights/fit.ts";
import { decodeOnnxWeights } from "../../../src/weights/onnx-weights.ts";
import { resolveArchitecture } from "../../../src/weights/resolve-architecture.ts";
import type { ExplainedFace } from "./protocol.ts";

/**
 * Grad-CAM of the most probable expression of a face, or of the whole picture. @throws FormatError for a model of rounded
 * weights, UsageError for one whose backbone is unknown or that is not one network.
 */
export async function explainFace(
  { bundle: { program, path, metadata, ...bundle }, device }: WebModel,
  picture: Picture,
  face?: Pick<DetectedFace, "box" | "tilt">,
): Promise<ExplainedFace> {
  const { tensors } = decodeOnnxWeights(program.model, path);
  const architecture = resolveArchitecture(bundle.architecture, path);
  const { classes } = architecture;
  const { weights } = fitWeights(tensors, architecture, describe(architecture), path, classes);
  const crop = face ? faceCrop(picture, face, architecture) : centreSquare(picture);
  // The CPU in any case: the program runs once.
  const engine = webEngine("cpu", 0, device === "webgpu" ? "webgpu" : "wasm");
  const classifier = { architecture, weights, metadata, path };
  const [explanation] = await explainPictures(engine, classifier, inMemory([crop]), [0], {
    method: "grad-cam",
  });
  if (!explanation) throw new Error("there is no explanation");
  const { seen, predicted } = explanation;
  return { label: classes[predicted] as string, seen, overlay: heatOverlay(explanation) };
}
