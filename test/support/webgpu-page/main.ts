/** A page that shows a model's predictions for a face crop, on a device of the test's choice. */

import { loadModel, predict } from "../../../src/web.ts";

async function answer(device: "auto" | "cpu" | "webgpu") {
  const [model, face] = ["model.onnx", "face.png"].map((file) => new URL(file, location.href)) as [URL, URL];
  const loaded = await loadModel(model, { device });
  const { faces } = await predict(loaded, await (await fetch(face)).blob());
  await loaded.close();
  return { device: loaded.device, probabilities: faces[0]?.probabilities };
}

async function hasAdapter(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<unknown> } };
  return Boolean(await gpu?.requestAdapter());
}

Object.assign(globalThis, { answer, hasAdapter });
