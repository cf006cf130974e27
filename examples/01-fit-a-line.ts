/** Fits a line to points by gradient descent: forward pass, gradients and update are one ONNX graph. */

import { add, encode, Graph, gradients, mul, openSession, print, random, reduceMean, sub } from "vultus";

const [slope, intercept] = [1.5, -0.5];
const rng = random("fit a line");
const xs = Float32Array.from({ length: 64 }, () => rng.uniform(-1, 1));
const ys = xs.map((x) => slope * x + intercept + 0.05 * rng.normal());

const graph = new Graph();
const x = graph.input("x", "float32", [64]);
const y = graph.input("y", "float32", [64]);
const a = graph.input("a", "float32", []);
const b = graph.input("b", "float32", []);
const error = sub(add(mul(a, x), b), y);
const loss = reduceMean(mul(error, error));
const [da, db] = gradients(loss, [a, b]);
if (!da || !db) throw new Error("one gradient for each of a and b");
graph.output("loss", loss);
graph.output("nextA", sub(a, mul(da, 0.3)));
graph.output("nextB", sub(b, mul(db, 0.3)));
console.log(print(graph));

const session = await openSession(encode(graph, "fit a line"), { device: "cpu", threads: 1 });
const points = {
  x: { dtype: "float32", shape: [64], data: xs },
  y: { dtype: "float32", shape: [64], data: ys },
} as const;
let [fittedA, fittedB] = [0, 0];
for (let step = 0; step <= 50; step++) {
  const scalar = (value: number) => ({ dtype: "float32", shape: [], data: Float32Array.of(value) }) as const;
  const result = await session.run({ ...points, a: scalar(fittedA), b: scalar(fittedB) });
  const numberOf = (name: string): number => Number(result[name]?.data[0]);
  if (step % 10 === 0) {
    console.log(
      `step ${String(step).padStart(2)}  loss ${numberOf("loss").toFixed(5)}  y = ${fittedA.toFixed(3)}x ${fittedB.toFixed(3)}`,
    );
  }
  [fittedA, fittedB] = [numberOf("nextA"), numberOf("nextB")];
}
await session.release();
if (Math.abs(fittedA - slope) > 0.05 || Math.abs(fittedB - intercept) > 0.05)
  throw new Error(`expected y = ${slope}x ${intercept}, found y = ${fittedA}x ${fittedB}`);
