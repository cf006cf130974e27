/** The browser's public entry: everything that `import … from "vultus/web"` offers. Needs onnxruntime-web. */

export type { Picture } from "./data/dataset.ts";
export type { PriorChoice } from "./metrics/prior.ts";
export type { Box, DetectedFace } from "./predict/boxes.ts";
export {
  loadModel,
  type ModelSource,
  predict,
  type WebDetectorOptions,
  type WebDevice,
  type WebLoadOptions,
  type WebModel,
  type WebModelOptions,
} from "./predict/model.web.ts";
export type { WebPhoto } from "./predict/photo.web.ts";
export type { Face, Prediction } from "./predict/prediction.ts";
export type { PredictOptions } from "./predict/predictor.ts";
export { faceTracker, type TrackedFace, type TrackingOptions } from "./predict/tracking.ts";
export { FormatError, UsageError, VultusError } from "./util/errors.ts";
