/**
 * Results that are not copied. ONNX Runtime writes a result into the array that it is given, and onnxruntime-node then
 * copies it into a new one all the same: in each step of a ResNet50 whose last stage trains, 180 MB. It makes its copies
 * in the order of the graph's outputs, after all were computed, and gives up at the first that is not a tensor. So a
 * program gets an empty sequence as its first output, and where every result has an array, it is asked for too.
 *
 * Nothing promises this. So each process and each worker asks its runtime once, with a program of one node, whether it
 * works and with which error the runtime gives up; if it does not, results are copied.
 */

import type * as ort from "onnxruntime-node";
import { encodeModel, node, valueInfo, withEmptySequence } from "../onnx/model.ts";
import { messageOf } from "../util/errors.ts";

/** What is needed of onnxruntime-node: a test gives one that behaves otherwise. */
export type Runtime = Pick<typeof ort, "InferenceSession" | "Tensor">;

type Feeds = Readonly<Record<string, ort.Tensor>>;

/** How a runtime is kept from copying. */
export interface InPlace {
  /** The program with the sequence. */
  prepare(model: Uint8Array): Uint8Array;
  /** Names of the session's results, the sequence left out. */
  resultsOf(session: ort.InferenceSession): string[];
  /** Runs a session of a prepared program. `results` are all of its results; their arrays hold the new numbers afterwards. */
  run(session: ort.InferenceSession, feeds: Feeds, results: Feeds): Promise<void>;
}

const SEQUENCE = "vultus.sequence";

const answers = new WeakMap<Runtime, Promise<InPlace | undefined>>();

/** How this runtime is kept from copying; undefined if it copies in any case. */
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
  // The error must be known again, in every program, and must not be the one of a run that failed.
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
 * Negates `length` numbers in place. `gaveUp` is the runtime's error if all was computed and nothing copied, `failed`
 * that of a feed of another shape. Undefined if the runtime does not give up, or before it has written the result.
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

/** The message of the error that a run ends with; undefined if it ends well. */
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
