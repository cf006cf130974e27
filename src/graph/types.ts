/** The types of a graph: values, nodes and operators. */

import type { DType, TypedArray } from "../util/tensor.ts";

/** One extent of a shape: a number, or a name for an extent that is known only at run time (`"N"`, the batch). */
export type Dim = number | string;
export type Shape = readonly Dim[];

export interface TensorType {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The part of its `Graph` that a value exposes: enough to continue building from it. */
export interface Builder {
  /** The layer under construction, for messages. */
  readonly scope: string;
  /**
   * Channel block size of ONNX Runtime's convolutions on the machine that will run the graph; undefined if the graph
   * must run anywhere.
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

/** One tensor of a graph: an input, a constant (then `data` is set) or an output of a node. */
export interface Value extends TensorType {
  readonly graph: Builder;
  readonly name: string;
  readonly node?: Node;
  /** Index among the node's outputs. */
  readonly index: number;
  readonly data?: TypedArray;
}

/** One application of an operator. */
export interface Node {
  readonly operator: Operator;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** The layer that created it, for messages: `layer1.0.conv1`. */
  readonly scope: string;
}

export type AttributeValue = number | string | readonly number[] | Shape;
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * How an attribute is written in ONNX. `shape` and `axes` are attributes here but constant int64 inputs in ONNX, which
 * follow the real inputs in the order of the operator's list. `hidden` is not written: only the shape rule, the
 * evaluation or a composite's expansion uses it.
 */
export type AttributeKind = "int" | "float" | "ints" | "string" | "shape" | "axes" | "hidden";

/** A double-precision tensor, whatever its dtype: the form in which tests evaluate operators. */
export interface Tensor64 {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The tensors that an operator takes or returns: a tuple, with a `?` for optional ones, or an array of any length. */
export type Tensors = readonly (TensorType | undefined)[];
export type One = readonly [TensorType];
export type Two = readonly [TensorType, TensorType];
export type Three = readonly [TensorType, TensorType, TensorType];
/** Two tensors and an optional third: a bias, a zero point. */
export type TwoOrThree = readonly [TensorType, TensorType, TensorType?];

/** `T` for each of the tensors. */
export type Each<Of extends Tensors, T> = { readonly [Place in keyof Of]: T };

export interface GradientContext<A, In extends Tensors = Tensors, Out extends Tensors = OutOf<In>> {
  readonly inputs: Each<In, Value>;
  readonly outputs: Each<Out, Value>;
  readonly attributes: A;
}

/**
 * Builds the gradients of a node's inputs from those of its outputs. It is called only if one of the outputs has a
 * gradient, so the gradient of a single output is always defined. An entry of the result is undefined if the input has
 * no gradient. A gradient may have the broadcast shape of the output: autodiff sums it down to its input's shape.
 */
export type GradientRule<A, In extends Tensors = Tensors, Out extends Tensors = OutOf<In>> = {
  // Method parameters are checked bivariantly, so that an operator of two tensors is assignable to one of any number.
  rule(
    gradients: Out extends One ? readonly [Value] : Each<Out, Value | undefined>,
    context: GradientContext<A, In, Out>,
  ): Each<In, Value | undefined>;
}["rule"];

/** Marks an operator without a gradient, with the reason. */
export interface NotDifferentiable {
  readonly notDifferentiable: string;
}

/** A square window that slides over images: its side, the stride, and the padding before the first pixel. */
export interface SlidingWindow {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** One set of inputs and attributes for testing an operator. */
export interface Case<A, In extends Tensors = Tensors> {
  readonly inputs: Each<In, Tensor64>;
  readonly attributes: A;
}

/**
 * The definition of an operator with attributes `A` on tensors `In`. It returns one tensor by default; `Out` sets another number;
 * a plain `Operator` is any operator. A *composite* operator has `expand`, which builds the same computation from
 * standard ONNX operators and replaces it when the graph is encoded. It still has its own gradient.
 */
// biome-ignore lint: method syntax makes Operator<A> assignable to Operator
export interface Operator<
  A extends Attributes = Attributes,
  In extends Tensors = Tensors,
  Out extends Tensors = OutOf<In>,
> {
  /** ONNX's name, or our own for a composite. */
  readonly type: string;
  /** The operator set that the name belongs to. Default: ONNX's own. */
  readonly domain?: string;
  readonly attributes: Readonly<Record<keyof A & string, AttributeKind>>;
  /** Returns the types of the outputs; throws GraphError if the inputs do not fit. */
  infer(inputs: Each<In, TensorType>, attributes: A): Each<Out, TensorType>;
  readonly gradient: GradientRule<A, In, Out> | NotDifferentiable;
  /**
   * The window that slides over the first input, the same along rows and columns. Left out if a result depends on the
   * input at its own position only, or on all of it. Receptive fields are derived from it.
   */
  window?(attributes: A): SlidingWindow;
  /** Evaluates the operator in double precision, for tests. */
  evaluate(inputs: Each<In, Tensor64>, attributes: A): Each<Out, Tensor64>;
  expand?(inputs: Each<In, Value>, attributes: A): Each<Out, Value>;
  readonly cases: readonly Case<A, In>[];
}

/** One tensor; any number if the inputs are unknown as well. */
type OutOf<In extends Tensors> = Tensors extends In ? Tensors : One;
