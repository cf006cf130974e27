/** The tensors of a network: their canonical names and shapes, and whether they train or are constants of the graph. */

import type { Builder, Value } from "../graph/types.ts";
import { cast } from "../ops/cast.ts";
import { GraphError } from "../util/errors.ts";
import { toFloat16 } from "../util/half.ts";
import { type DType, permute, type StateDict, sizeOf } from "../util/tensor.ts";
import type { Initialiser } from "./initialise.ts";

/** A tensor of a network under its canonical (torchvision) name and shape. */
export interface ParameterSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly initialise: Initialiser;
  /** Statistics are estimated, parameters are trained. */
  readonly role: "parameter" | "statistic";
}

/** How a tensor is laid out in the program, if that is not its canonical layout. */
export interface Form {
  readonly permutation: readonly number[];
  /** The shape after permuting, with axes merged. */
  readonly shape: readonly number[];
}

/** A tensor that is an input of the graph, with its value after the step once that is known. */
export interface StateTensor {
  readonly spec: ParameterSpec;
  /** The name in the program: the spec's name within the network's scope. */
  readonly name: string;
  readonly form: Form | undefined;
  readonly value: Value;
  next?: Value;
}

export interface ParameterOptions {
  readonly graph: Builder;
  /** Returns the name of a tensor in the graph. */
  readonly scoped: (name: string) => string;
  /** Values of tensors that are not trained; no others are read. */
  readonly weights: StateDict;
  /** Returns whether the tensor with this name is an input of the graph. */
  readonly trains: (name: string) => boolean;
  /** The dtype in which layers compute; inputs stay float32 and are cast at their use. */
  readonly compute: DType;
  /** If set, constants keep their names, and matrices are stored in this dtype and cast at their use. */
  readonly named?: "float32" | "float16" | undefined;
}

/** Provides layers with their tensors, and records the requested ones. */
export class Parameters {
  /** Every requested tensor, in order of request. */
  readonly specs = new Map<string, ParameterSpec>();
  /** The requested tensors that are inputs of the graph. */
  readonly state = new Map<string, StateTensor>();
  readonly #options: ParameterOptions;

  constructor(options: ParameterOptions) {
    this.#options = options;
  }

  get compute(): DType {
    return this.#options.compute;
  }

  trains(name: string): boolean {
    return this.#options.trains(name);
  }

  /** Returns the tensor as a value in the compute dtype: an input if it trains, otherwise a constant. */
  value(spec: ParameterSpec, form?: Form): Value {
    return cast(this.exact(spec, form), this.compute);
  }

  /** Returns the tensor as a float32 value. */
  exact(spec: ParameterSpec, form?: Form): Value {
    const { graph, named, scoped } = this.#options;
    const name = scoped(spec.name);
    if (named) return namedConstant(graph, { ...spec, name }, this.numbers(spec), named);
    if (!this.trains(spec.name)) return this.constant(this.numbers(spec), spec.shape, form);
    this.specs.set(spec.name, spec);
    let state = this.state.get(spec.name);
    if (!state) {
      const value = graph.input(name, "float32", form?.shape ?? spec.shape);
      state = { spec, name, form, value };
      this.state.set(spec.name, state);
    }
    const shapes = [state.spec.shape, spec.shape].map((shape) => `[${shape.join(", ")}]`);
    if (shapes[0] !== shapes[1])
      throw new GraphError(`${name} is ${shapes[0]} in one layer and ${shapes[1]} in another`);
    return state.value;
  }

  /** Returns the values of a tensor that is not trained. */
  numbers(spec: ParameterSpec): Float32Array {
    this.specs.set(spec.name, spec);
    const found = this.#options.weights.get(spec.name);
    if (!found) throw new GraphError(`the weights lack ${spec.name} [${spec.shape.join(", ")}]`);
    if (found.data.length !== sizeOf(spec.shape) || found.shape.join() !== spec.shape.join()) {
      throw new GraphError(
        `${spec.name} has shape [${found.shape.join(", ")}] in the weights, the network needs [${spec.shape.join(", ")}]`,
      );
    }
    return found.data;
  }

  /** Returns numbers of canonical `shape` as a float32 constant in `form`. */
  constant(numbers: Float32Array, shape: readonly number[], form?: Form): Value {
    const data = form ? permute(numbers, shape, form.permutation) : numbers;
    return this.#options.graph.constant("float32", form?.shape ?? shape, data);
  }

  /** Returns numbers as a constant in the compute dtype, rounded here rather than by a node. */
  computeConstant(numbers: Float32Array, shape: readonly number[]): Value {
    if (this.compute !== "float16") return this.constant(numbers, shape);
    return this.#options.graph.constant("float16", shape, Uint16Array.from(numbers, toFloat16));
  }

  /** Sets the value of a state tensor after the step. */
  update(name: string, next: Value): void {
    const state = this.state.get(name);
    if (!state) throw new GraphError(`${name} is not part of the state, so it cannot be updated`);
    state.next = next;
  }
}

/**
 * Returns whether a tensor is stored as float16 if half precision is requested. Per-channel tensors stay float32: they
 * are small, and their range is wide. So do depthwise filters: the rounding errors of nine numbers whose products
 * nearly cancel do not average out, and one such layer can change a probability by more than all other layers together.
 */
export function fitsHalf(shape: readonly number[]): boolean {
  const depthwise = shape.length === 4 && shape[1] === 1;
  return shape.length >= 2 && !depthwise;
}

/** Returns a constant under its own name. */
function namedConstant(
  graph: Builder,
  { name, shape }: ParameterSpec,
  numbers: Float32Array,
  stored: "float32" | "float16",
): Value {
  if (stored === "float32" || !fitsHalf(shape)) return graph.weight(name, "float32", shape, numbers);
  return cast(graph.weight(name, "float16", shape, Uint16Array.from(numbers, toFloat16)), "float32");
}
