/** A graph under construction: it assigns names, applies operators, and checks every shape at construction. */

import { GraphError, messageOf } from "../util/errors.ts";
import { toFloat16 } from "../util/half.ts";
import { type DType, sizeOf, type TypedArray } from "../util/tensor.ts";
import type { Attributes, Builder, Each, One, Operator, Shape, Tensors, Value } from "./types.ts";

export class Graph implements Builder {
  readonly block: number | undefined;
  readonly inputs: Value[] = [];
  readonly outputs = new Map<string, Value>();
  readonly #scopes: string[] = [];
  readonly #known = new Map<string, Value>();
  readonly #names = new Set<string>();
  readonly #weights = new Map<string, Value>();
  #count = 0;

  /**
   * For `block` see `Builder`. A runtime with another block size computes wrong numbers, so pass the size that the
   * runtime reports.
   */
  constructor(block?: number) {
    this.block = block;
  }

  /** Adds a tensor that is fed to every run. */
  input(name: string, dtype: DType, shape: Shape): Value {
    if (this.#names.has(name))
      throw new GraphError(`the graph already has an input ${name}; input names must be unique`);
    this.#names.add(name);
    const value: Value = { graph: this, name, dtype, shape, index: 0 };
    this.inputs.push(value);
    return value;
  }

  /** Adds a tensor that is part of the graph. A single number has shape []. */
  constant(dtype: DType, shape: readonly number[], data: TypedArray, name?: string): Value {
    if (data.length !== sizeOf(shape)) {
      throw new GraphError(
        `${this.scope}: a constant of shape [${shape.join(", ")}] needs ${sizeOf(shape)} numbers, got ${data.length}`,
      );
    }
    return { graph: this, name: this.#fresh(name ?? "constant"), dtype, shape, index: 0, data };
  }

  /**
   * Adds a constant that keeps its name in the file, so that readers of the file find it. A second call with the same
   * name returns the same value.
   *
   * @throws GraphError if the name already belongs to an input, or to a weight with other values.
   */
  weight(name: string, dtype: DType, shape: readonly number[], data: TypedArray): Value {
    const made = this.#weights.get(name);
    if (made) {
      if (sameTensor(made, { dtype, shape, data })) return made;
      throw new GraphError(
        `the graph already has a weight ${name} with other values; give each network its own scope`,
      );
    }
    if (this.#names.has(name)) throw new GraphError(`the graph already has an input ${name}`);
    this.#names.add(name);
    const value = { ...this.constant(dtype, shape, data), name };
    this.#weights.set(name, value);
    return value;
  }

  /** Returns the number `x` as a constant of shape []; equal numbers are stored once. */
  scalar(x: number, dtype: DType = "float32"): Value {
    return this.once(`${dtype} ${Object.is(x, -0) ? "-0" : x}`, () =>
      this.constant(dtype, [], scalarData(x, dtype), "scalar"),
    );
  }

  /** Returns the value that `make` creates; called only once per `key`. */
  once(key: string, make: () => Value): Value {
    let value = this.#known.get(key);
    if (!value) {
      value = make();
      this.#known.set(key, value);
    }
    return value;
  }

  /** Marks `value` as an output of the graph. */
  output(name: string, value: Value): void {
    if (this.outputs.has(name))
      throw new GraphError(`the graph already has an output ${name}; output names must be unique`);
    this.outputs.set(name, value);
  }

  /** Runs `body` inside a named layer, so that its nodes and errors carry the name. */
  in<T>(scope: string, body: () => T): T {
    this.#scopes.push(scope);
    try {
      return body();
    } finally {
      this.#scopes.pop();
    }
  }

  /** The layer under construction, for messages. */
  get scope(): string {
    return this.#scopes.join(".") || "graph";
  }

  /**
   * Applies an operator. Its shape rule runs immediately, so a wrong shape fails here and the error names the layer.
   */
  apply<A extends Attributes, In extends Tensors, Out extends Tensors>(
    operator: Operator<A, In, Out>,
    inputs: Each<NoInfer<In>, Value>,
    attributes: NoInfer<A>,
  ): Each<Out, Value> {
    const scope = this.scope;
    for (const input of inputs) {
      if (input.graph !== this)
        throw new GraphError(`${scope}: ${operator.type} got ${input.name} from another graph`);
    }
    try {
      const types = operator.infer(inputs, attributes);
      const outputs: Value[] = [];
      const node = { operator: operator as Operator, inputs, outputs, attributes, scope };
      for (const [index, type] of types.entries()) {
        outputs.push({ graph: this, name: this.#fresh(`${scope}.${operator.type}`), ...type, index, node });
      }
      return outputs as readonly Value[] as Each<Out, Value>;
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      throw new GraphError(`${scope}: ${operator.type}: ${messageOf(error)}`);
    }
  }

  #fresh(name: string): string {
    return `${name}:${this.#count++}`;
  }
}

/** Applies an operator with one output. */
export function apply<A extends Attributes, In extends Tensors>(
  operator: Operator<A, In, One>,
  inputs: Each<NoInfer<In>, Value>,
  attributes: NoInfer<A>,
): Value {
  const graph = inputs[0]?.graph;
  if (!graph) throw new GraphError(`${operator.type} needs at least one input`);
  return graph.apply(operator, inputs, attributes)[0];
}

/** A value, or a number, which becomes a constant of the other operand's type. */
export type Operand = Value | number;

/** Converts both operands to values; a number gets the other operand's dtype. */
export function operands(a: Operand, b: Operand): [Value, Value] {
  if (typeof a !== "number") return [a, typeof b === "number" ? a.graph.scalar(b, a.dtype) : b];
  if (typeof b !== "number") return [b.graph.scalar(a, b.dtype), b];
  throw new GraphError("at least one operand must be a graph value, but both are numbers");
}

function sameTensor(
  a: Pick<Value, "dtype" | "shape" | "data">,
  b: Pick<Value, "dtype" | "shape" | "data">,
): boolean {
  if (a.dtype !== b.dtype || a.shape.join() !== b.shape.join()) return false;
  return a.data === b.data || (a.data as TypedArray).every((x, i) => Object.is(x, b.data?.[i]));
}

function scalarData(x: number, dtype: DType): TypedArray {
  switch (dtype) {
    case "float32":
      return Float32Array.of(x);
    case "float64":
      return Float64Array.of(x);
    case "float16":
      return Uint16Array.of(toFloat16(x));
    case "int64":
      return BigInt64Array.of(BigInt(x));
    case "int32":
      return Int32Array.of(x);
    case "int8":
      return Int8Array.of(x);
    case "uint8":
    case "bool":
      return Uint8Array.of(x);
  }
}
