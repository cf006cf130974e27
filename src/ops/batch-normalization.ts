/** Batch norm by given statistics, (x − μ)·γ/√(σ² + ε) + β per channel, for exported files. ONNX opset 15. */

import { apply } from "../graph/graph.ts";
import { requireRank, requireSameDType, show } from "../graph/infer.ts";
import { normal64, tensor64, uniform64 } from "../graph/tensor64.ts";
import type { Operator, Tensor64, TensorType, Value } from "../graph/types.ts";
import { GraphError } from "../util/errors.ts";

type Four<T> = readonly [T, T, T, T];
type Five<T> = readonly [T, T, T, T, T];

export const BatchNormalization: Operator<{ epsilon: number }, Five<TensorType>> = {
  type: "BatchNormalization",
  attributes: { epsilon: "float" },
  infer: ([x, ...perChannel]) => {
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
  evaluate: ([x, scale, bias, mean, variance], { epsilon }) => {
    const { shape, dtype } = x;
    const channels = shape[1] as number;
    const per = shape.slice(2).reduce((product, dim) => product * dim, 1);
    const normalised = (v: number, i: number): number => {
      const c = Math.floor(i / per) % channels;
      const of = ({ data }: Tensor64): number => data[c] as number;
      return ((v - of(mean)) / Math.sqrt(of(variance) + epsilon)) * of(scale) + of(bias);
    };
    return [tensor64(shape, x.data.map(normalised), dtype)];
  },
  cases: [
    { inputs: [normal64([2, 3, 4, 5]), ...statistics(3)], attributes: { epsilon: 1e-5 } },
    { inputs: [normal64([1, 4]), ...statistics(4)], attributes: { epsilon: 1e-3 } },
  ],
};

/** `x` [N, C, …]; scale, bias, mean and variance [C]. */
export function batchNormalization(x: Value, perChannel: Four<Value>, epsilon: number): Value {
  return apply(BatchNormalization, [x, ...perChannel], { epsilon });
}

function statistics(channels: number): Four<Tensor64> {
  const numbers = (name: string): Tensor64 => normal64([channels], name);
  return [numbers("scale"), numbers("bias"), numbers("mean"), uniform64([channels], 0.5, 2)];
}
