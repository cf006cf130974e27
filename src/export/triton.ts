/**
 * Describes a bundle as a model of Triton Inference Server: the text of its `config.pbtxt`, derived from the bundle.
 */

import type { Program, ProgramTensor } from "../program/program.ts";
import { VultusError } from "../util/errors.ts";
import type { DType } from "../util/tensor.ts";

/** Files of a model in Triton's repository, relative to the model's folder; `1` is the version. */
export const tritonFiles = { config: "config.pbtxt", labels: "labels.txt", model: "1/model.onnx" } as const;

/** Maximum images per run. Triton merges only requests whose images have the same size. */
const MOST_PICTURES = 32;
/** Microseconds that an image waits for others of its size. */
const LONGEST_WAIT = 2000;
/** Maximum number of waiting requests; further ones are rejected at once. */
const LONGEST_QUEUE = 256;

/** Triton's `DataType` (model_config.proto) of a bundle's inputs and outputs. */
const dataTypes: Partial<Record<DType, string>> = { uint8: "TYPE_UINT8", float32: "TYPE_FP32" };

/**
 * Returns `ModelConfig` in protobuf's text format (triton-inference-server/common, protobuf/model_config.proto). With
 * `max_batch_size` above 0, every tensor has the batch as its first axis, which `dims` leaves out.
 *
 * @throws VultusError for a tensor whose first axis is fixed, because Triton could not batch it
 */
export function tritonConfig(name: string, { tensors }: Program): string {
  const inputs = tensors.filter(({ role }) => role === "feed");
  const outputs = tensors.filter(({ role }) => role === "metric");
  const quoted = JSON.stringify(name);
  return [
    `# Written by vultus: ${name} as a model of Triton Inference Server.`,
    `name: ${quoted}`,
    'backend: "onnxruntime"',
    `max_batch_size: ${MOST_PICTURES}`,
    ...inputs.map((tensor) => block("input", [...described(tensor), `format: ${formatOf(tensor)}`])),
    ...outputs.map((tensor) =>
      block("output", [
        ...described(tensor),
        ...(tensor.name === "probabilities" ? [`label_filename: "${tritonFiles.labels}"`] : []),
      ]),
    ),
    "# The newest version is served; requests in flight finish on the version they started with.",
    "version_policy { latest { num_versions: 1 } }",
    "# One instance per GPU, or one on the CPU with all its cores.",
    "instance_group { kind: KIND_AUTO count: 1 }",
    block("dynamic_batching", [
      `max_queue_delay_microseconds: ${LONGEST_WAIT}`,
      `default_queue_policy { max_queue_size: ${LONGEST_QUEUE} }`,
    ]),
    "",
  ].join("\n");
}

function block(name: string, lines: readonly string[]): string {
  return [`${name} {`, ...lines.map((line) => `  ${line}`), "}"].join("\n");
}

function described({ name, dtype, shape }: ProgramTensor): string[] {
  const [batch, ...rest] = shape;
  const type = dataTypes[dtype];
  if (typeof batch !== "string" || !type) {
    throw new VultusError(
      `${name} is ${dtype} [${shape.join(", ")}]; for Triton it must be uint8 or float32 with a free first axis`,
    );
  }
  const dims = rest.map((extent) => (typeof extent === "number" ? extent : -1));
  return [`name: ${JSON.stringify(name)}`, `data_type: ${type}`, `dims: [ ${dims.join(", ")} ]`];
}

/** Returns whether channels come last or first; an image's free axes are its height and width. */
function formatOf({ shape }: ProgramTensor): string {
  return typeof shape.at(-1) === "number" ? "FORMAT_NHWC" : "FORMAT_NCHW";
}
