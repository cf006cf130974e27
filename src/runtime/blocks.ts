/**
 * The channel block size of the blocked convolutions in an engine's ONNX Runtime. It depends on the processor, and no API reports
 * it. So a small program is tried with each known size; with the wrong one it fails to load or computes something else.
 */

import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import { normal64 } from "../graph/tensor64.ts";
import { DepthwiseConv, depthwiseConv } from "../ops/depthwise-conv.ts";
import { windowAttributes } from "../ops/window.ts";
import { floatTensor } from "../util/tensor.ts";
import type { Engine } from "./engine.ts";

/** Block sizes with AVX-512, with AVX, and with NEON. */
const BLOCKS = [16, 8, 4] as const;

const asked = new WeakMap<Engine, Promise<number | undefined>>();

/**
 * Returns the block size for `Graph` and `compileStep`; undefined if the engine has no such convolutions. Each engine is
 * tested once.
 */
export function blockOf(engine: Engine): Promise<number | undefined> {
  const known = asked.get(engine);
  if (known) return known;
  const answer = engine.device === "cpu" ? find(engine) : Promise.resolve(undefined);
  asked.set(engine, answer);
  return answer;
}

async function find(engine: Engine): Promise<number | undefined> {
  for (const block of BLOCKS) if (await computes(engine, block)) return block;
  return undefined;
}

async function computes(engine: Engine, block: number): Promise<boolean> {
  const graph = new Graph(block);
  const [x, w] = [normal64([16, 2 * 5 * 4], "pictures"), normal64([16, 9], "filters")];
  const window = windowAttributes(2, 5, 4, 3, 1, 1);
  const feeds = {
    x: floatTensor(x.shape, Float32Array.from(x.data)),
    w: floatTensor(w.shape, Float32Array.from(w.data)),
  };
  const [pictures, filters] = [graph.input("x", "float32", x.shape), graph.input("w", "float32", w.shape)];
  graph.output("y", depthwiseConv(pictures, filters, undefined, window));
  const program = { name: "blocks", model: encode(graph, "blocks"), tensors: [], masks: [] };
  try {
    const open = await engine.open(program);
    const { y } = await open.run(feeds);
    await open.release();
    const [expected] = DepthwiseConv.evaluate([x, w], { ...window, block: 0 });
    return expected.data.every((value, i) => Math.abs(Number(y?.data[i]) - value) < 1e-4);
  } catch {
    return false;
  }
}
