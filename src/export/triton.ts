/** A bundle as a model of Triton Inference Server: the text of its `config.pbtxt`, read off the bundle itself. */

import type { Program, ProgramTensor } from "../program/program.ts";
import { VultusError } from "../util/errors.ts";
import type { DType } from "../util/tensor.ts";

/** Files of a model in Triton's repository, from the model's folder; `1` is the version. */
export const tritonFiles = { config: "config.pbtxt", labels: "labels.txt", model: "1/model.onnx" } as const;

/** Images in one run at most. Requests are merged only when their images are of one size. */
const MOST_PICTURES = 32;
/** Microseconds that an image waits for others of its size. */
const LONGEST_WAIT = 2000;
/** Requests that wait; what comes after them is refused at once. */
const LONGEST_QUEUE = 256;

/** `DataType` of Triton's model_config.proto, for what a bundle takes and gives. */
const dataTypes: Partial<Record<DType, string>> = { uint8: "TYPE_UINT8", float32: "TYPE_FP32" };

/**
 * `ModelConfig` in protobuf's text format (triton-inference-server/common, protobuf/model_config.proto). A
 * `max_batch_size` above 0 means that every tensor has the batch as its first axis, which `dims` then leave out.
 *
 * @throws VultusError for a tensor whose first axis is not free: then Triton could not batch
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
    "# The newest version is served; requests in flight end on the one they began with.",
    "version_policy { latest { num_versions: 1 } }",
    "# One instance on each graphics card, or one on the processor with all its cores.",
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

/** Colours last or first: an image's free axes are its height and width. */
function formatOf({ shape }: ProgramTensor): string {
  return typeof shape.at(-1) === "number" ? "FORMAT_NHWC" : "FORMAT_NCHW";
}
