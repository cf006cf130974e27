/**
 * Prevents ONNX Runtime from sending telemetry, if called before the library is loaded. From 1.29 on, its builds for Linux
 * and macOS report which models they run, how often and on what machine, and store a machine identifier in the user's cache,
 * unless this variable is set (microsoft/onnxruntime#27379). It must be set on the main thread, because the library does not
 * see variables set by a worker. To allow the reports, set the variable to 0.
 */
export function switchOffTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
