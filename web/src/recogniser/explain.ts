/** Where a model looked in one face: the program is compiled from the model's file on demand. */

import type { Picture } from "../../../src/data/dataset.ts";
import { explainPictures } from "../../../src/evaluate/explain.ts";
import { heatOverlay } from "../../../src/evaluate/heat-overlay.ts";
import { inMemory } from "../../../src/evaluate/run-bundle.ts";
import type { DetectedFace } from "../../../src/predict/boxes.ts";
import { centreSquare, faceCrop } from "../../../src/predict/framing.ts";
import type { WebModel } from "../../../src/predict/model.web.ts";
import { webEngine } from "../../../src/runtime/engine.web.ts";
import { membersIn } from "../../../src/weights/members.ts";
import { decodeOnnxWeights } from "../../../src/weights/onnx-weights.ts";
import type { ExplainedFace } from "./protocol.ts";

/**
 * Grad-CAM of the most probable expression of a face, or of the whole image. @throws FormatError for a quantized model,
 * UsageError for one whose backbone is unknown or that is not a single network.
 */
export async function explainFace(
  { bundle: { program, path, shift }, device }: WebModel,
  picture: Picture,
  face?: Pick<DetectedFace, "box" | "tilt">,
): Promise<ExplainedFace> {
  const model = membersIn(decodeOnnxWeights(program.model, path), path, path);
  const { classes } = model.architecture;
  const crop = face ? faceCrop(picture, face, model.architecture) : centreSquare(picture);
  // Always the CPU: the program runs only once.
  const engine = webEngine("cpu", 0, device === "webgpu" ? "webgpu" : "wasm");
  const asked = { method: "grad-cam", shift } as const;
  const [explanation] = await explainPictures(engine, model, inMemory([crop]), [0], asked);
  if (!explanation) throw new Error("there is no explanation");
  const { seen, predicted } = explanation;
  return { label: classes[predicted] as string, seen, overlay: heatOverlay(explanation) };
}
