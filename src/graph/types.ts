/** The types of a graph: values, nodes and the operators they apply. */

import type { DType, TypedArray } from "../util/tensor.ts";
import type { Graph } from "./graph.ts";

/** One extent of a shape: a number, or a name for one that is known only when the graph runs (`"N"`, the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** One tensor of a graph: an input, a constant (then `data` is there) or an output of a node. */
export interface Value extends TensorType {
  readonly graph: Graph;
  readonly name: string;
  readonly node?: Node;
  /** Which of the node's outputs this is. */
  readonly index: number;
  readonly data?: TypedArray;
}

/** One application of an operator. */
export interface Node {
  readonly operator: Operator;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** The layer that made it, for messages: `layer1.0.conv1`. */
  readonly scope: string;
}

export type AttributeValue = number | string | readonly number[] | Shape;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * How an attribute is written in ONNX. `shape` and `axes` are attributes to us but constant int64 inputs to ONNX; they
 * follow the real inputs in the order in which the operator lists them. `hidden` is not written: it serves the shape rule, the
 * evaluation or a composite's expansion.
 */
export type AttributeKind = "int" | "float" | "ints" | "string" | "shape" | "axes" | "hidden";

/** A tensor in double precision, whatever its dtype says: the form in which operators are evaluated for tests. */
export interface Tensor64 {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface GradientContext<A> {
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: A;
}

/**
 * Builds the gradients of a node's inputs from those of its outputs. An entry is undefined where the input has none. A
 * gradient may have the broadcast shape of the output: autodiff sums it down to its input's shape.
 */
export type GradientRule<A> = (
  gradients: readonly (Value | undefined)[],
  context: GradientContext<A>,
) => readonly (Value | undefined)[];

/** Written where an operator has no gradient, with the reason. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}

/** One input set and attribute set on which an operator is tested. */
export interface Case<A> {
  readonly inputs: readonly Tensor64[];
  readonly attributes: A;
}

/**
 * Everything vultus knows about one operator. A *composite* operator has `expand`: it builds the same computation from
 * standard ONNX operators, and so disappears when the graph is encoded; its gradient is still its own.
 */
// biome-ignore lint: method syntax makes Operator<A> assignable to Operator
export interface Operator<A extends Attributes = Attributes> {
  /** ONNX's name, or ours for a composite. */
  readonly type: string;
  readonly attributes: Readonly<Record<keyof A & string, AttributeKind>>;
  /** Types of the outputs; throws GraphError where the inputs do not fit. */
  infer(inputs: readonly TensorType[], attributes: A): readonly TensorType[];
  readonly gradient: GradientRuleOf<A> | NotDifferentiable;
  /** The operator in double precision, for tests. */
  evaluate(inputs: readonly Tensor64[], attributes: A): readonly Tensor64[];
  expand?(inputs: readonly Value[], attributes: A): readonly Value[];
  readonly cases: readonly Case<A>[];
}

/** `GradientRule` as a bivariant method type, so that an operator with attributes fits a list of operators. */
type GradientRuleOf<A> = { bivarianceHack: GradientRule<A> }["bivarianceHack"];
