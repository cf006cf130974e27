/** All operators, for the tests that cover each of them; the list of operators without a gradient is derived from it. */

import type { Operator } from "../graph/types.ts";
import { Abs } from "./abs.ts";
import { Add } from "./add.ts";
import { And } from "./and.ts";
import { ArgMax } from "./arg-max.ts";
import { BatchNormTraining } from "./batch-norm-training.ts";
import { BatchNormalization } from "./batch-normalization.ts";
import { Cast } from "./cast.ts";
import { Clip } from "./clip.ts";
import { Concat, Pad, Slice } from "./concat.ts";
import { Conv } from "./conv.ts";
import { DepthwiseConv } from "./depthwise-conv.ts";
import { DequantizeLinear } from "./dequantize-linear.ts";
import { Div } from "./div.ts";
import { Equal } from "./equal.ts";
import { Erf } from "./erf.ts";
import { Exp } from "./exp.ts";
import { Expand } from "./expand.ts";
import { Floor } from "./floor.ts";
import { Gather } from "./gather.ts";
import { Gelu, GeluTanh } from "./gelu.ts";
import { Gemm } from "./gemm.ts";
import { GlobalAveragePool } from "./global-average-pool.ts";
import { Greater } from "./greater.ts";
import { GridSample } from "./grid-sample.ts";
import { GroupedConv } from "./grouped-conv.ts";
import { HardSigmoid } from "./hard-sigmoid.ts";
import { HardSwish } from "./hard-swish.ts";
import { Col2Im, Im2Col } from "./im2col.ts";
import { Interleave } from "./interleave.ts";
import { LayerNormalization } from "./layer-normalization.ts";
import { LeakyRelu } from "./leaky-relu.ts";
import { Less } from "./less.ts";
import { Log } from "./log.ts";
import { MatMul } from "./matmul.ts";
import { Max } from "./max.ts";
import { MaxPool } from "./max-pool.ts";
import { Min } from "./min.ts";
import { Mul } from "./mul.ts";
import { Neg } from "./neg.ts";
import { Not } from "./not.ts";
import { QuantizeLinear } from "./quantize-linear.ts";
import { Range } from "./range.ts";
import { Reciprocal } from "./reciprocal.ts";
import { ReduceMax } from "./reduce-max.ts";
import { ReduceMean } from "./reduce-mean.ts";
import { ReduceMin } from "./reduce-min.ts";
import { ReduceSum } from "./reduce-sum.ts";
import { Relu } from "./relu.ts";
import { Relu6 } from "./relu6.ts";
import { Reshape } from "./reshape.ts";
import { RowConv } from "./row-conv.ts";
import { RowMaxPool } from "./row-max-pool.ts";
import { Shape } from "./shape.ts";
import { Sigmoid } from "./sigmoid.ts";
import { Sign } from "./sign.ts";
import { Silu } from "./silu.ts";
import { LogSoftmax, Softmax } from "./softmax.ts";
import { Split } from "./split.ts";
import { Sqrt } from "./sqrt.ts";
import { Standardize } from "./standardize.ts";
import { Sub } from "./sub.ts";
import { Tanh } from "./tanh.ts";
import { ThresholdedRelu } from "./thresholded-relu.ts";
import { Transpose } from "./transpose.ts";
import { Where } from "./where.ts";

export const operators: readonly Operator[] = [
  Abs,
  Add,
  And,
  ArgMax,
  BatchNormTraining,
  BatchNormalization,
  Cast,
  Clip,
  Col2Im,
  Concat,
  Conv,
  DepthwiseConv,
  DequantizeLinear,
  Div,
  Equal,
  Erf,
  Exp,
  Expand,
  Floor,
  Gather,
  Gelu,
  GeluTanh,
  Gemm,
  GlobalAveragePool,
  Greater,
  GridSample,
  GroupedConv,
  HardSigmoid,
  HardSwish,
  Im2Col,
  Interleave,
  LayerNormalization,
  LeakyRelu,
  Less,
  Log,
  LogSoftmax,
  MatMul,
  Max,
  MaxPool,
  Min,
  Mul,
  Neg,
  Not,
  Pad,
  QuantizeLinear,
  Range,
  Reciprocal,
  ReduceMax,
  ReduceMean,
  ReduceMin,
  ReduceSum,
  Relu,
  Relu6,
  Reshape,
  RowConv,
  RowMaxPool,
  Shape,
  Sigmoid,
  Sign,
  Silu,
  Slice,
  Softmax,
  Split,
  Sqrt,
  Standardize,
  Sub,
  Tanh,
  ThresholdedRelu,
  Transpose,
  Where,
];
