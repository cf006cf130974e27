/** The types of a graph: values, nodes and the operators they apply. */

import type { DType, TypedArray } from "../util/tensor.ts";

/** One extent of a shape: a number, or a name for one that is known only when the graph runs (`"N"`, the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What a value knows of its `Graph`: enough to go on building from it. */
export interface Builder {
  /** The layer under construction, for messages. */
  readonly scope: string;
  /**
   * How many channels ONNX Runtime's blocked convolutions hold side by side on the machine that will run the graph; undefined
   * where the graph must run anywhere.
   */
  readonly block: number | undefined;
  input(name: string, dtype: DType, shape: Shape): Value;
  constant(dtype: DType, shape: readonly number[], data: TypedArray, name?: string): Value;
  weight(name: string, dtype: DType, shape: readonly number[], data: TypedArray): Value;
  scalar(x: number, dtype?: DType): Value;
  once(key: string, make: () => Value): Value;
  in<T>(scope: string, body: () => T): T;
  apply<A extends Attributes, In extends Tensors, Out extends Tensors>(
    operator: Operator<A, In, Out>,
    inputs: Each<NoInfer<In>, Value>,
    attributes: NoInfer<A>,
  ): Each<Out, Value>;
}

/** One tensor of a graph: an input, a constant (then `data` is there) or an output of a node. */
export interface Value extends TensorType {
  readonly graph: Builder;
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

/** The tensors that an operator takes or gives: a tuple, with a `?` where one may be missing, or an array of any length. */
export type Tensors = readonly (TensorType | undefined)[];
export type One = readonly [TensorType];
export type Two = readonly [TensorType, TensorType];
export type Three = readonly [TensorType, TensorType, TensorType];
/** Two tensors, and a third that may be left out: a bias, a zero point. */
export type TwoOrThree = readonly [TensorType, TensorType, TensorType?];

/** `T` for each of the tensors. */
export type Each<Of extends Tensors, T> = { readonly [Place in keyof Of]: T };

export interface GradientContext<A, In extends Tensors = Tensors, Out extends Tensors = OutOf<In>> {
  readonly inputs: Each<In, Value>;
  readonly outputs: Each<Out, Value>;
  readonly attributes: A;
}

/**
 * Builds the gradients of a node's inputs from those of its outputs. It is asked only where one of the outputs has a gradient,
 * so that of a single output is there. An entry of the result is undefined where the input has none. A gradient may have the
 * broadcast shape of the output: autodiff sums it down to its input's shape.
 */
export type GradientRule<A, In extends Tensors = Tensors, Out extends Tensors = OutOf<In>> = {
  // A method's parameters are compared loosely, so that an operator of two tensors is one of any.
  rule(
    gradients: Out extends One ? readonly [Value] : Each<Out, Value | undefined>,
    context: GradientContext<A, In, Out>,
  ): Each<In, Value | undefined>;
}["rule"];

/** Written where an operator has no gradient, with the reason. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}

/** A square window over images: its side, the pixels from one place to the next, and the pixels of padding before the first. */
export interface SlidingWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** One input set and attribute set on which an operator is tested. */
export interface Case<A, In extends Tensors = Tensors> {
  readonly inputs: Each<In, Tensor64>;
  readonly attributes: A;
}

/**
 * Everything vultus knows about one operator: with attributes `A`, of the tensors `In`. It gives one tensor unless `Out` says
 * otherwise; a plain `Operator` is any of them. A *composite* operator has `expand`: it builds the same computation from
 * standard ONNX operators, and so disappears when the graph is encoded; its gradient is still its own.
 */
// biome-ignore lint: method syntax makes Operator<A> assignable to Operator
export interface Operator<
  A extends Attributes = Attributes,
  In extends Tensors = Tensors,
  Out extends Tensors = OutOf<In>,
> {
  /** ONNX's name, or ours for a composite. */
  readonly type: string;
  /** The set of operators that the name belongs to. Default: ONNX's own. */
  readonly domain?: string;
  readonly attributes: Readonly<Record<keyof A & string, AttributeKind>>;
  /** Types of the outputs; throws GraphError where the inputs do not fit. */
  infer(inputs: Each<In, TensorType>, attributes: A): Each<Out, TensorType>;
  readonly gradient: GradientRule<A, In, Out> | NotDifferentiable;
  /**
   * How a window slides over the first input, the same along rows and columns; left out where a result depends on the input at
   * its own place, or on all of it. Receptive fields follow from it.
   */
  window?(attributes: A): SlidingWindow;
  /** The operator in double precision, for tests. */
  evaluate(inputs: Each<In, Tensor64>, attributes: A): Each<Out, Tensor64>;
  expand?(inputs: Each<In, Value>, attributes: A): Each<Out, Value>;
  readonly cases: readonly Case<A, In>[];
}

/** One tensor; any number of them where nothing is known of the inputs either. */
type OutOf<In extends Tensors> = Tensors extends In ? Tensors : One;
