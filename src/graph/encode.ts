/** Writes a graph as an ONNX model: only the nodes that its outputs need, with composites expanded. */

import { attribute, encodeModel, node as nodeProto, tensorProto, valueInfo } from "../onnx/model.ts";
import type { NodeProto, TensorProto } from "../onnx/onnx_pb.ts";
import { GraphError } from "../util/errors.ts";
import type { Graph } from "./graph.ts";
import { lower } from "./lower.ts";
import type { Node, Value } from "./types.ts";

/** Returns the bytes of an `.onnx` file that computes the graph's outputs from its inputs. */
export function encode(
  graph: Graph,
  name: string,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const { nodes, resolve } = lower(graph.outputs.values());
  // A computed value takes the name of its graph output, because an Identity node would copy it.
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const outputNames = new Map<Value, string>();
  const copies: (readonly [string, Value])[] = [];
  for (const [name, value] of graph.outputs) {
    const actual = resolve(value);
    if (computed.has(actual) && !outputNames.has(actual)) outputNames.set(actual, name);
    else copies.push([name, actual]);
  }
  const nameOf = (value: Value): string => outputNames.get(value) ?? value.name;
  const initializers = new Map<string, TensorProto>();
  const use = (value: Value): string => {
    const actual = resolve(value);
    if (actual.data && !initializers.has(actual.name)) {
      const shape = actual.shape as readonly number[];
      initializers.set(actual.name, tensorProto(actual.name, actual.dtype, shape, actual.data));
    }
    return nameOf(actual);
  };
  const intsInput = (values: readonly number[]): string => {
    const key = `ints ${values.join(" ")}`;
    if (!initializers.has(key)) {
      initializers.set(
        key,
        tensorProto(key, "int64", [values.length], BigInt64Array.from(values.map(BigInt))),
      );
    }
    return key;
  };

  const protos: NodeProto[] = nodes.map((node, i) =>
    encodeNode(node, `${node.scope}/${node.operator.type}:${i}`, use, nameOf, intsInput),
  );
  // An output that is an input, a constant or another output's value needs its own node.
  for (const [name, value] of copies)
    protos.push(nodeProto("Identity", `output/${name}`, [use(value)], [name], []));

  return encodeModel({
    name,
    metadata,
    nodes: protos,
    inputs: graph.inputs.map((input) => valueInfo(input.name, input.dtype, input.shape)),
    outputs: [...graph.outputs].map(([name, value]) => valueInfo(name, value.dtype, value.shape)),
    initializers: [...initializers.values()],
  });
}

function encodeNode(
  node: Node,
  name: string,
  use: (value: Value) => string,
  nameOf: (value: Value) => string,
  intsInput: (values: readonly number[]) => string,
): NodeProto {
  const inputs = node.inputs.map(use);
  const attributes = [];
  for (const [key, kind] of Object.entries(node.operator.attributes)) {
    const value = node.attributes[key];
    if (kind === "hidden") continue;
    if (value === undefined)
      throw new GraphError(`${node.scope}: ${node.operator.type} is missing its attribute ${key}`);
    if (kind === "shape" || kind === "axes")
      inputs.push(intsInput(concrete(value as readonly (number | string)[])));
    else attributes.push(attribute(key, kind, value));
  }
  const { type, domain } = node.operator;
  return nodeProto(type, name, inputs, node.outputs.map(nameOf), attributes, domain);
}

/** Returns a shape with its one unknown extent written as -1, as ONNX's Reshape expects. */
function concrete(shape: readonly (number | string)[]): number[] {
  return shape.map((dim) => (typeof dim === "number" ? dim : -1));
}
