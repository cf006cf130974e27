/**
 * Keeps ONNX Runtime from reporting to its maker, if called before the library is loaded. From 1.29 on, its builds for Linux
 * and macOS send what models they run, how often and on what machine, and keep an identifier of the machine in the user's
 * cache, unless this variable is set (microsoft/onnxruntime#27379). It must be set on the main thread: what a worker sets the
 * library does not see. Whoever wants the reports sets the variable to 0.
 */
export function switchOffTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= "1";
}
