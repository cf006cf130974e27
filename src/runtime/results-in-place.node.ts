/**
 * Results that are not copied. ONNX Runtime writes a result into the array that it is given, and onnxruntime-node then
 * copies it into a new one all the same: in each step of a ResNet50 whose last stage trains, 180 MB. It makes its copies
 * in the order of the graph's outputs, after all were computed, and gives up at the first that is no tensor. So a program
 * gets an empty sequence as its first output, and where every result has an array, it is asked for too.
 */

import type * as ort from "onnxruntime-node";
import { withEmptySequence } from "../onnx/model.ts";
import { messageOf } from "../util/errors.ts";

const SEQUENCE = "vultus.sequence";

/** The program with the sequence. */
export function withSequence(model: Uint8Array): Uint8Array {
  return withEmptySequence(model, SEQUENCE);
}

/** Names of the session's results, the sequence left out. */
export function resultsOf(session: ort.InferenceSession): string[] {
  return session.outputNames.filter((name) => name !== SEQUENCE);
}

/** Runs a session of `withSequence`. `results` are all of its results; their arrays hold the new numbers afterwards. */
export async function runInPlace(
  session: ort.InferenceSession,
  feeds: Readonly<Record<string, ort.Tensor>>,
  results: Readonly<Record<string, ort.Tensor>>,
): Promise<void> {
  const fetches: Record<string, ort.OnnxValue | null> = { ...results, [SEQUENCE]: null };
  try {
    await session.run(feeds, fetches);
  } catch (error) {
    if (!messageOf(error).startsWith("Non tensor type")) throw error;
  }
}
