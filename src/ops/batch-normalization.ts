/** Batch norm by given statistics, (x − μ)·γ/√(σ² + ε) + β per channel: for exported files. ONNX opset 15. */

import { apply } from "../graph/graph.ts";
import { requireRank, requireSameDType, show } from "../graph/infer.ts";
import { normal64, tensor64, uniform64 } from "../graph/tensor64.ts";
import type { Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";

export const BatchNormalization: Operator<{ epsilon: number }> = {
  type: "BatchNormalization",
  attributes: { epsilon: "float" },
  infer: ([input, ...perChannel]) => {
    const x = input as TensorType;
    const channels = x.shape[1];
    for (const numbers of perChannel) {
      requireRank(numbers, 1, "what is given per channel");
      requireSameDType(x, numbers);
      if (numbers.shape[0] !== channels)
        throw new GraphError(`${show(x.shape)} has ${channels} channels, got ${show(numbers.shape)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  gradient: {
    notDifferentiable:
      "what trains folds given statistics into its weights, or takes the batch's (BatchNormTraining)",
  },
  evaluate: (inputs, { epsilon }) => {
    const [x, scale, bias, mean, variance] = inputs.map((input) => input.data);
    const { shape, dtype } = inputs[0] as Tensor64;
    const channels = shape[1] as number;
    const per = shape.slice(2).reduce((product, dim) => product * dim, 1);
    const normalised = (v: number, i: number): number => {
      const c = Math.floor(i / per) % channels;
      const of = (numbers: Float64Array | undefined): number => numbers?.[c] as number;
      return ((v - of(mean)) / Math.sqrt(of(variance) + epsilon)) * of(scale) + of(bias);
    };
    return [tensor64(shape, (x as Float64Array).map(normalised), dtype)];
  },
  cases: [
    { inputs: [normal64([2, 3, 4, 5]), ...statistics(3)], attributes: { epsilon: 1e-5 } },
    { inputs: [normal64([1, 4]), ...statistics(4)], attributes: { epsilon: 1e-3 } },
  ],
};

/** `x` [N, C, …]; scale, bias, mean and variance [C]. */
export function batchNormalization(x: Value, perChannel: readonly Value[], epsilon: number): Value {
  return apply(BatchNormalization, [x, ...perChannel], { epsilon });
}

function statistics(channels: number): Tensor64[] {
  const numbers = ["scale", "bias", "mean"].map((name) => normal64([channels], name));
  return [...numbers, uniform64([channels], 0.5, 2)];
}
