/** Reads an ONNX file as a program with the inputs and outputs that the file declares. */

import { decodeModel, metadataOf, typesOf } from "../onnx/model.ts";
import type { Program } from "./program.ts";

export interface OnnxProgram {
  readonly program: Program;
  readonly inputs: ReturnType<typeof typesOf>["inputs"];
  readonly outputs: ReturnType<typeof typesOf>["outputs"];
  readonly metadata: ReturnType<typeof metadataOf>;
}

/** Reads a stateless model; `name` is its name in error messages. @throws FormatError if it is not an ONNX model. */
export function decodeProgram(bytes: Uint8Array, name: string): OnnxProgram {
  const model = decodeModel(bytes, name);
  const { inputs, outputs } = typesOf(model, name);
  const program: Program = {
    name,
    model: bytes,
    tensors: [
      ...inputs.map((tensor) => ({ ...tensor, role: "feed" as const })),
      ...outputs.map((tensor) => ({ ...tensor, role: "metric" as const })),
    ],
    masks: [],
  };
  return { program, inputs, outputs, metadata: metadataOf(model) };
}
