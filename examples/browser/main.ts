/**
 * The faces of `photo.jpg`, your own image next to this file, on a page: `npm run build && npm pack` in the checkout, `npm
 * install --ignore-scripts ./vultus-0.1.0.tgz onnxruntime-web@1.30`, then Vite. The page fetches only the models; the image is
 * not sent anywhere. Tested in `test/browser.test.ts`.
 */

/// <reference types="vite/client" />

import eyes from "vultus/eyes.onnx?url";
import detector from "vultus/face_detector.onnx?url";
import vultusM from "vultus/models/vultus_m.onnx?url";
import { loadModel, predict } from "vultus/web";

const image = document.querySelector("img") as HTMLImageElement;
const output = document.querySelector("output") as HTMLOutputElement;

try {
  const model = await loadModel({ model: vultusM, detector: { source: detector, eyes } });
  await image.decode();
  const { faces } = await predict(model, image, { threshold: 0.5 });
  const lines = faces.map(
    ({ label, probabilities }) => `${label ?? "not sure"} ${JSON.stringify(probabilities)}`,
  );
  output.textContent = lines.join("\n") || "no face";
} catch (error) {
  output.textContent = String(error);
}
