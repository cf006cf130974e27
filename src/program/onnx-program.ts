/** An ONNX file as a program: what it is fed and what it returns, as the file itself says. */

import { decodeModel, metadataOf, typesOf } from "../onnx/model.ts";
import type { Program } from "./program.ts";

export interface OnnxProgram {
  readonly program: Program;
  readonly inputs: ReturnType<typeof typesOf>["inputs"];
  readonly outputs: ReturnType<typeof typesOf>["outputs"];
  readonly metadata: ReturnType<typeof metadataOf>;
}

/** Reads a model without state; `name` is what errors call it. @throws FormatError for what is no ONNX model. */
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
