/** The browser's public entry: everything that `import … from "vultus/web"` offers. Needs onnxruntime-web. */

export type { Picture } from "./data/dataset.ts";
export type { WebPhoto } from "./data/photo.web.ts";
export type { PriorChoice } from "./metrics/prior.ts";
export type { Box, DetectedFace } from "./predict/boxes.ts";
export {
  loadModel,
  predict,
  type WebDetectorOptions,
  type WebLoadOptions,
  type WebModel,
  type WebModelOptions,
} from "./predict/model.web.ts";
export type { Face, Prediction } from "./predict/prediction.ts";
export type { PredictOptions } from "./predict/predictor.ts";
export { faceTracker, type TrackedFace, type TrackingOptions } from "./predict/tracking.ts";
export type { WebDevice } from "./runtime/session.web.ts";
export { train } from "./train/on-demand.web.ts";
export type { RecipeChanges } from "./train/override.ts";
export type {
  CheckpointStore,
  WebEpochEvent,
  WebExample,
  WebStartEvent,
  WebStepEvent,
  WebTrainEvent,
  WebTraining,
  WebTrainOptions,
} from "./train/train-options.web.ts";
export type { ModelSource } from "./util/bytes.web.ts";
export { FormatError, UsageError, VultusError } from "./util/errors.ts";
