/** Half-precision constants are stored as bits; readers get numbers. */

import { expect, test } from "vitest";
import { mul } from "../ops/mul.ts";
import { evaluate } from "./evaluate.ts";
import { Graph } from "./graph.ts";
import { print } from "./print.ts";
import { tensor64 } from "./tensor64.ts";

const graph = new Graph();
const x = graph.input("x", "float16", [2]);
const y = mul(x, -1.5);
graph.output("y", y);

test("evaluated", () => {
  const [result] = evaluate([y], new Map([["x", tensor64([2], [2, 4], "float16")]]));
  expect([...(result?.data ?? [])]).toEqual([-3, -6]);
});

test("printed", () => expect(print(graph)).toContain("Mul(%x, -1.5)"));
