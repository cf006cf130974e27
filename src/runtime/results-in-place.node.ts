/**
 * Avoids copies of results. ONNX Runtime writes a result into the given array, but onnxruntime-node then copies it into
 * a new one anyway: 180 MB in each step of a ResNet50 whose last stage trains. It copies in the order of the graph's
 * outputs, after all are computed, and stops with an error at the first output that is not a tensor. So a program gets
 * an empty sequence as its first output, which is requested if every result has an array.
 *
 * This behaviour is undocumented. So each process and each worker tests its runtime once, with a program of one node,
 * for whether this works and which error the runtime stops with. If it does not work, results are copied.
 */

import type * as ort from "onnxruntime-node";
import { encodeModel, node, valueInfo, withEmptySequence } from "../onnx/model.ts";
import { messageOf } from "../util/errors.ts";

/** The parts of onnxruntime-node that are used; tests pass one with different behaviour. */
export type Runtime = Pick<typeof ort, "InferenceSession" | "Tensor">;

type Feeds = Readonly<Record<string, ort.Tensor>>;

/** Prevents a runtime from copying results. */
export interface InPlace {
  /** Returns the program with the sequence added. */
  prepare(model: Uint8Array): Uint8Array;
  /** Returns the names of the session's results, without the sequence. */
  resultsOf(session: ort.InferenceSession): string[];
  /**
   * Runs a session of a prepared program. `results` are all of its results; their arrays contain the new numbers afterwards.
   */
  run(session: ort.InferenceSession, feeds: Feeds, results: Feeds): Promise<void>;
}

const SEQUENCE = "vultus.sequence";

const answers = new WeakMap<Runtime, Promise<InPlace | undefined>>();

/** Returns the way to prevent this runtime from copying; undefined if it always copies. */
export function inPlace(runtime: Runtime): Promise<InPlace | undefined> {
  const known = answers.get(runtime);
  if (known) return known;
  const asked = ask(runtime);
  answers.set(runtime, asked);
  return asked;
}

async function ask(runtime: Runtime): Promise<InPlace | undefined> {
  const [first, second] = [await attempt(runtime, "a", 3), await attempt(runtime, "b", 5)];
  if (first === undefined || second === undefined) return undefined;
  // The error must be the same in every program, and must differ from the error of a failed run.
  if (first.gaveUp !== second.gaveUp || first.gaveUp === first.failed) return undefined;
  return {
    prepare: (model) => withEmptySequence(model, SEQUENCE),
    resultsOf: (session) => session.outputNames.filter((name) => name !== SEQUENCE),
    async run(session, feeds, results) {
      try {
        await session.run(feeds, { ...results, [SEQUENCE]: null });
      } catch (error) {
        if (messageOf(error) !== first.gaveUp) throw error;
      }
    },
  };
}

/**
 * Negates `length` numbers in place. `gaveUp` is the runtime's error after it computed everything and copied nothing;
 * `failed` is its error for a feed of a different shape. Undefined if the runtime does not stop, or stops before it
 * has written the result.
 */
async function attempt(
  { InferenceSession, Tensor }: Runtime,
  name: string,
  length: number,
): Promise<{ readonly gaveUp: string; readonly failed: string | undefined } | undefined> {
  const [input, output] = [`${name}.in`, `${name}.out`];
  const model = encodeModel({
    name,
    nodes: [node("Neg", name, [input], [output], [])],
    inputs: [valueInfo(input, "float32", [length])],
    outputs: [valueInfo(output, "float32", [length])],
    initializers: [],
  });
  let session: ort.InferenceSession;
  try {
    session = await InferenceSession.create(withEmptySequence(model, SEQUENCE), {
      executionProviders: ["cpu"],
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
  } catch {
    return undefined;
  }
  try {
    const ones = (count: number): ort.Tensor =>
      new Tensor("float32", new Float32Array(count).fill(1), [count]);
    const result = new Float32Array(length);
    const fetches = { [SEQUENCE]: null, [output]: new Tensor("float32", result, [length]) };
    const gaveUp = await failureOf(session, { [input]: ones(length) }, fetches);
    if (gaveUp === undefined || result.some((value) => value !== -1)) return undefined;
    const failed = await failureOf(session, { [input]: ones(length + 1) }, fetches);
    return { gaveUp, failed };
  } finally {
    await session.release();
  }
}

/** Returns the message of the error that a run ends with; undefined if it succeeds. */
async function failureOf(
  session: ort.InferenceSession,
  feeds: Feeds,
  fetches: Readonly<Record<string, ort.OnnxValue | null>>,
): Promise<string | undefined> {
  try {
    await session.run(feeds, fetches);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
