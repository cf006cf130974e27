/** Results are written into given arrays, regardless of what the runtime does with a requested sequence. */

import * as ort from "onnxruntime-node";
import { describe, expect, test } from "vitest";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { mul } from "../ops/mul.ts";
import { reduceSum } from "../ops/reduce-sum.ts";
import { nextName, type Program, stateNames } from "../program/program.ts";
import { messageOf } from "../util/errors.ts";
import { floatTensor, type Tensor } from "../util/tensor.ts";
import { localEngine } from "./engine.ts";
import { inPlace, type Runtime } from "./results-in-place.node.ts";
import { openSessionOn } from "./session.node.ts";

type Run = (
  feeds: ort.InferenceSession.FeedsType,
  fetches: Record<string, ort.OnnxValue | null>,
) => Promise<ort.InferenceSession.OnnxValueMapType>;

interface Behaviour {
  /** Replaces a run that requests a sequence; `real` is the run of the real runtime. */
  readonly withSequence?: (real: Run, ...run: Parameters<Run>) => ReturnType<Run>;
  /** Maps the real runtime's error message `text`. */
  readonly errors?: (text: string) => string;
  readonly refusesSequences?: boolean;
}

/** Returns onnxruntime-node with some behaviour replaced; `opened` counts its sessions. */
function runtimeThat({ withSequence, errors, refusesSequences = false }: Behaviour) {
  const counts = { opened: 0 };
  const create = async (
    model: Uint8Array,
    options: ort.InferenceSession.SessionOptions,
  ): Promise<ort.InferenceSession> => {
    counts.opened++;
    const session = await ort.InferenceSession.create(model, options);
    const isSequence = (name: string): boolean => name.includes("sequence");
    if (refusesSequences && session.outputNames.some(isSequence))
      throw new Error("sequences are not supported");
    const real: Run = (feeds, fetches) => session.run(feeds, fetches);
    const run: Run = async (feeds, fetches) => {
      try {
        const asked = Object.keys(fetches).some(isSequence);
        return await (asked && withSequence ? withSequence(real, feeds, fetches) : real(feeds, fetches));
      } catch (error) {
        throw new Error(errors?.(messageOf(error)) ?? messageOf(error));
      }
    };
    return new Proxy(session, {
      get(target, name) {
        if (name === "run") return run;
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  };
  const runtime = { Tensor: ort.Tensor, InferenceSession: { create } } as unknown as Runtime;
  return { runtime, counts };
}

const isTensor = (value: ort.OnnxValue | null): value is ort.Tensor => value instanceof ort.Tensor;

/** Runs the program without the sequence. */
const accepts: Behaviour["withSequence"] = (real, feeds, fetches) =>
  real(feeds, Object.fromEntries(Object.entries(fetches).filter(([, value]) => isTensor(value))));

let runs = 0;
const runtimes: [string, Behaviour, "in place" | "copied"][] = [
  ["the runtime that is installed", {}, "in place"],
  [
    "one that gives up in other words",
    { errors: (text) => text.replace(/Non tensor type.*/, "a sequence cannot be handed over") },
    "in place",
  ],
  ["one that hands sequences over", { withSequence: accepts }, "copied"],
  [
    "one whose error is never the same",
    { errors: (text) => (text.startsWith("Non tensor") ? `run ${runs++} failed` : text) },
    "copied",
  ],
  ["one that says the same of a run that failed", { errors: () => "failed" }, "copied"],
  ["one that refuses sequences", { refusesSequences: true }, "copied"],
  [
    "one that gives up before it has written",
    {
      withSequence: (real, feeds, fetches) =>
        real(feeds, Object.fromEntries(Object.keys(fetches).map((name) => [name, null]))),
    },
    "copied",
  ],
];

describe.each(runtimes)("%s", (name, behaviour, way) => {
  const { runtime } = runtimeThat(behaviour);

  test(`results are ${way}`, async () => {
    expect((await inPlace(runtime)) === undefined).toBe(way === "copied");
    const graph = new Graph();
    const x = graph.input("x", "float32", [2]);
    graph.output(nextName("x"), mul(x, 2));
    graph.output("sum", reduceSum(x));
    const options = { device: "cpu", threads: 1, carries: ["x"] } as const;
    const session = await openSessionOn(runtime, encode(graph, "double"), options);
    const [next, sum] = [floatTensor([2], [0, 0]), floatTensor([], [0])];
    const given = { [nextName("x")]: next, sum };
    const results = await session.run({ x: floatTensor([2], [3, 4]) }, given);
    expect(results[nextName("x")]?.data).toBe(next.data);
    expect([...next.data, ...sum.data]).toEqual([6, 8, 7]);
    expect(Object.keys(results).sort()).toEqual([nextName("x"), "sum"]);

    const reason = name.includes("says the same") ? "failed" : "invalid dimensions";
    await expect(session.run({ x: floatTensor([3], [1, 2, 3]) }, given)).rejects.toThrow(reason);
    await session.release();
  });

  test("what a step carries goes on to the next", async () => {
    expect(await threeSteps(runtime)).toEqual({ sums: [7, 14, 7], last: [8, 16, 32] });
  });
});

test("a runtime is asked once", async () => {
  const { runtime, counts } = runtimeThat({});
  const graph = new Graph();
  graph.output(nextName("x"), mul(graph.input("x", "float32", [2]), 2));
  const model = encode(graph, "double");
  const open = (): Promise<unknown> =>
    openSessionOn(runtime, model, { device: "cpu", threads: 1, carries: ["x"] });
  await Promise.all([open(), open()]);
  const asked = counts.opened - 2;
  await open();
  expect(counts.opened).toBe(asked + 3);
  expect(asked).toBe(2);
});

test("a program without state asks nothing", async () => {
  const { runtime, counts } = runtimeThat({});
  const graph = new Graph();
  graph.output("y", mul(graph.input("x", "float32", [2]), 2));
  await openSessionOn(runtime, encode(graph, "double"), { device: "cpu", threads: 1 });
  expect(counts.opened).toBe(1);
});

/** Multiplies the state by the feed in each step; the metric is the sum of the previous state. */
async function threeSteps(runtime: Runtime) {
  const graph = new Graph();
  const [w, x] = [graph.input("w", "float32", [3]), graph.input("x", "float32", [])];
  graph.output(nextName("w"), mul(w, x));
  graph.output("sum", reduceSum(w));
  const tensor = { name: "w", dtype: "float32", shape: [3], role: "parameter" } as const;
  const program: Program = {
    name: "steps",
    model: encode(graph, "steps"),
    tensors: [tensor, { ...tensor, name: "sum", shape: [], role: "metric" }],
    masks: [],
  };
  const options = { device: "cpu", threads: 1, carries: stateNames(program) } as const;
  const open = await localEngine(({ model }) => openSessionOn(runtime, model, options)).open(program);
  await open.load({ w: floatTensor([3], [1, 2, 4]) });
  const sums: number[] = [];
  for (const factor of [2, 0.5, 8]) {
    const { sum } = await open.step({ x: floatTensor([], [factor]) });
    sums.push(Number(sum?.data[0]));
  }
  const { w: last } = await open.state();
  await open.release();
  return { sums, last: [...((last as Tensor).data as Float32Array)] };
}
