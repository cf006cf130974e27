/** The networks that find faces for every model; the build puts them into `faces/`. */

export { default as eyesUrl } from "../../../dist/models/eyes.onnx?url";
export { default as detectorUrl } from "../../../dist/models/face_detector.onnx?url";
