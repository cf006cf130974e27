/** Stochastic depth drops a branch image by image, in every layout. */

import { describe, expect, test } from "vitest";
import { evaluate } from "../graph/evaluate.ts";
import { Graph } from "../graph/graph.ts";
import { normal64, tensor64 } from "../graph/tensor64.ts";
import { asColumns, asMaps, asPictures, asRows, asTokens, type Feature, pictures } from "./features.ts";
import { Network } from "./network.ts";

const BATCH = 3;
const shape = [BATCH, 2, 4, 5];
const maps = normal64(shape);

/** Returns the branch of maps in one layout, and the requested mask, after the trained stage has begun. */
function dropped(layout: "rows" | "columns" | "tokens", share: number, options: { training: boolean }) {
  const graph = new Graph();
  const net = new Network({
    graph,
    weights: new Map(),
    trainable: () => true,
    stochasticDepth: 0.5,
    ...options,
  });
  const x = pictures(graph.input("pictures", "float32", shape));
  const [height, width] = [x.height, x.width];
  const laidOut = { rows: asRows, columns: asColumns, tokens: asTokens }[layout];
  const y = net.stage("own", x, (maps): Feature => net.stochasticDepth(laidOut(maps), "own.block", share));
  return { net, y: y.layout === "tokens" ? asMaps(y, height, width, "nchw") : asPictures(y) };
}

describe.each(["rows", "columns", "tokens"] as const)("%s", (layout) => {
  test("each image has its own factor", () => {
    const { net, y } = dropped(layout, 0.4, { training: true });
    expect(net.masks).toMatchObject([{ layer: "own.block", probability: 0.2, value: { shape: [BATCH] } }]);
    const factors = [0, 1.25, 1.25];
    const feeds = new Map([
      ["pictures", maps],
      ["dropout.own.block", tensor64([BATCH], factors)],
    ]);
    const [result] = evaluate([y.value], feeds);
    const each = maps.data.length / BATCH;
    const expected = maps.data.map((value, i) => value * (factors[Math.floor(i / each)] as number));
    expect(result?.data).toEqual(expected);
  });

  test("nothing is asked for of the first block, and outside training", () => {
    for (const [share, training] of [
      [0, true],
      [1, false],
    ] as const) {
      const { net, y } = dropped(layout, share, { training });
      expect(net.masks).toEqual([]);
      expect(evaluate([y.value], new Map([["pictures", maps]]))[0]?.data).toEqual(maps.data);
    }
  });
});
