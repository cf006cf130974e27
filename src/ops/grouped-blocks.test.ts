import { expect, test } from "vitest";
import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { normal64 } from "../graph/tensor64.ts";
import type { Tensor64, Value } from "../graph/types.ts";
import { blockOf } from "../runtime/blocks.ts";
import { localEngine } from "../runtime/engine.ts";
import { openSession } from "../runtime/session.node.ts";
import { floatTensor } from "../util/tensor.ts";
import { groupedConv } from "./grouped-conv.ts";
import { mul } from "./mul.ts";
import { reduceSum } from "./reduce-sum.ts";
import { type Window, windowAttributes } from "./window.ts";

const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }), "cpu");
const block = await blockOf(engine);

/** Builds the result, and the gradients of its sum with random weights. */
function build(graph: Graph, channels: number, groups: number, window: Window): Value[] {
  const { batch, height, width, kernel } = window;
  const x = graph.input("x", "float32", [batch * height * width, channels]);
  const w = graph.input("w", "float32", [channels, channels / groups, kernel, kernel]);
  const b = graph.input("b", "float32", [channels]);
  const y = groupedConv(x, w, b, groups, window);
  const weights = Float32Array.from(normal64(y.shape as number[], "weights").data);
  const loss = reduceSum(mul(y, graph.constant("float32", y.shape as number[], weights)));
  return [y, ...gradients(loss, [x, w, b])];
}

test.skipIf(block === undefined).each([
  [32, 8, windowAttributes(2, 6, 5, 3, 1, 1), true],
  [64, 32, windowAttributes(1, 7, 8, 3, 2, 1), true],
  [64, 4, windowAttributes(3, 5, 4, 3, 1, 1), true],
  [64, 2, windowAttributes(1, 6, 6, 3, 2, 1), true],
  // TensorFlow's "same" padding.
  [32, 4, windowAttributes(2, 6, 8, 3, 2, 0, 0, 1), true],
  [48, 24, windowAttributes(1, 9, 7, 5, 1, 2), true],
  // The gradient of the images is not a convolution with non-negative padding.
  [32, 4, windowAttributes(1, 7, 7, 1, 2, 0), false],
  // Groups that neither fill nor divide a block.
  [48, 4, windowAttributes(2, 4, 5, 3, 1, 1), false],
  [24, 12, windowAttributes(1, 4, 5, 3, 1, 1), false],
])(
  "%i channels in %i groups, %o: blocks give what the evaluation gives",
  async (channels, groups, window, fits) => {
    const graph = new Graph(block);
    for (const [i, value] of build(graph, channels, groups, window).entries()) graph.output(`out${i}`, value);
    const file = encode(graph, "blocks");
    if (block === 16) expect(new TextDecoder("latin1").decode(file).includes("nchwc")).toBe(fits);
    const { batch, height, width, kernel } = window;
    const feeds: Record<string, Tensor64> = {
      x: normal64([batch * height * width, channels], "x"),
      w: normal64([channels, channels / groups, kernel, kernel], "w"),
      b: normal64([channels], "b"),
    };
    const expected = evaluate(build(new Graph(), channels, groups, window), new Map(Object.entries(feeds)));
    const session = await openSession(file, { device: "cpu", threads: 2 });
    const results = await session.run(
      Object.fromEntries(
        Object.entries(feeds).map(([name, { shape, data }]) => [
          name,
          floatTensor(shape, Float32Array.from(data)),
        ]),
      ),
    );
    await session.release();
    for (const [i, tensor] of expected.entries()) {
      const scale = Math.max(1, ...tensor.data.map(Math.abs));
      expect(results[`out${i}`]?.shape).toEqual(tensor.shape);
      for (const [k, value] of tensor.data.entries())
        expect(Math.abs(Number(results[`out${i}`]?.data[k]) - value)).toBeLessThan(2e-6 * scale);
    }
  },
);
