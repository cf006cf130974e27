/**
 * Rebuilds the nodes of a plan between QuantizeLinear and DequantizeLinear: the form ("QDQ") that runtimes turn into operators on
 * bytes. The ONNX standard defines the result, whether or not a runtime does so.
 */

import type { Node, Operator, Value } from "../graph/types.ts";
import { dequantizeLinear } from "../ops/dequantize-linear.ts";
import { quantizeLinear } from "../ops/quantize-linear.ts";
import { PICTURES, type QuantizationPlan, weightOf } from "./quantize-plan.ts";
import { type Affine, affinesOf, type Ranges } from "./quantize-ranges.ts";
import {
  type QuantizedChannels,
  quantizeLayer,
  quantizeWeight,
  type WeightBits,
} from "./quantize-weights.ts";

/** The plan's outputs, computed on bytes. */
export function quantizeNodes(plan: QuantizationPlan, ranges: Ranges, bits: WeightBits): Value[] {
  const { graph } = plan.pictures;
  const affines = affinesOf(plan.points, ranges);
  const rebuilt = new Map<Value, Value>();
  const read = (value: Value): Value => rebuilt.get(value) ?? value;
  const finish = (value: Value, y: Value): void => {
    const [point, affine] = [plan.points.get(value), affines.get(value)];
    rebuilt.set(value, point && affine ? throughBytes(y, point.name, affine) : y);
  };
  const operandsOf = (node: Node): Value[] => {
    const [x, given, bias] = node.inputs as [Value, Value, Value?];
    const { operator, scope } = node;
    const name = `${scope}.weight`;
    const weight = weightOf(node);
    if (!weight || !(plan.packed.has(node) || plan.onBytes.has(node))) return node.inputs.map(read);
    if (operator.type === "MatMul")
      return [read(x), storedTurned(given, name, quantizeWeight(weight, plan.packed.has(node) ? 8 : bits))];
    if (plan.packed.has(node) || !bias)
      return [read(x), stored(weight, name, quantizeWeight(weight, 8)), ...(bias ? [bias] : [])];
    const layer = quantizeLayer(weight, bias, bits, (affines.get(x) as Affine).scale);
    return [read(x), stored(weight, name, layer.weight), stored(bias, `${scope}.bias`, layer.bias)];
  };

  graph.in(PICTURES, () => finish(plan.pictures, plan.pictures));
  for (const node of plan.nodes) {
    const { operator, inputs, outputs, attributes, scope } = node;
    const needless = plan.cutOff.has(node) && isWithin(operator, affines.get(outputs[0] as Value));
    graph.in(scope, () => {
      const results = needless
        ? [read(inputs[0] as Value)]
        : graph.apply(operator, operandsOf(node), attributes);
      for (const [i, output] of outputs.entries()) finish(output, results[i] as Value);
    });
  }
  return plan.outputs.map(read);
}

/** Whether an activation changes none of the numbers that bytes of this scale represent. */
function isWithin({ type }: Operator, affine: Affine | undefined): boolean {
  return affine?.zero === 0 && (type === "Relu" || Math.fround(255 * affine.scale) <= 6);
}

/** Quantizes a value to bytes and dequantizes it. */
function throughBytes(x: Value, name: string, { scale, zero }: Affine): Value {
  const { graph } = x;
  const s = graph.weight(`${name}.scale`, "float32", [], Float32Array.of(scale));
  const z = graph.scalar(zero, "uint8");
  return dequantizeLinear(quantizeLinear(x, s, z), s, z);
}

/** Dequantizes the integers that represent `tensor`; one scale for each slice along the first axis. */
function stored({ graph, shape }: Value, name: string, { dtype, integers, scale }: QuantizedChannels): Value {
  const q = graph.weight(name, dtype, shape as readonly number[], integers);
  return dequantizeLinear(q, graph.weight(`${name}.scale`, "float32", [scale.length], scale));
}

/**
 * Like `stored`, for integers [out, in] that represent `tensor` [in, out]: they are transposed here, because runtimes do not do
 * so.
 */
function storedTurned({ graph, shape }: Value, name: string, { integers, scale }: QuantizedChannels): Value {
  const [inside, out] = shape as [number, number];
  const turned = new Int8Array(integers.length);
  for (let o = 0; o < out; o++)
    for (let i = 0; i < inside; i++) turned[i * out + o] = integers[o * inside + i] as number;
  const q = graph.weight(name, "int8", [inside, out], turned);
  return dequantizeLinear(q, graph.weight(`${name}.scale`, "float32", [out], scale), undefined, 1);
}
