/**
 * Compiles a train step from an objective. The objective builds networks and a scalar loss in the graph. The update uses the
 * gradients of the loss with respect to all parameters of those networks to compute the next state.
 */

import { gradients } from "../autodiff/gradients.ts";
import { encode } from "../graph/encode.ts";
import { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/types.ts";
import type { Network } from "../nn/network.ts";
import type { StateTensor } from "../nn/parameters.ts";
import { cast } from "../ops/cast.ts";
import { mul } from "../ops/mul.ts";
import { reciprocal } from "../ops/reciprocal.ts";
import { allFinite } from "../optim/gradient-tools.ts";
import { GraphError } from "../util/errors.ts";
import { lossScale, scaleChanges } from "./loss-scale.ts";
import { nextName, type Program, type ProgramTensor } from "./program.ts";
import { buildUpdate, type UpdateOptions } from "./update.ts";

/** What a step minimises. */
export interface Objective {
  /** A scalar, float32. */
  readonly loss: Value;
  /** Every network with trainable parameters or with dropout masks to feed. */
  readonly networks: readonly Network[];
  /** Scalars that a step returns in addition to the loss. */
  readonly metrics?: Readonly<Record<string, Value>>;
}

/**
 * Builds an objective in `graph`: declares the feeds (images, targets, …) as inputs, builds one or more networks, each in its own
 * scope, and returns the loss. `compute` is the type in which networks should compute.
 */
export type BuildObjective = (graph: Graph, compute: "float32" | "float16") => Objective;

export interface StepOptions extends UpdateOptions {
  readonly precision?: "fp32" | "fp16";
  /** See `blockOf`, which queries the engine that will run the program. If omitted, the program runs on any engine. */
  readonly block?: number | undefined;
  /** Also return every gradient, as `gradient.<name>`. */
  readonly exposeGradients?: boolean;
}

/** A step's program, with the settings that a `Stepper` needs to compute the scalars of each step. */
export interface TrainProgram extends Program {
  readonly rule: UpdateRule;
}

export type UpdateRule = Required<Pick<UpdateOptions, "optimizer" | "ema" | "accumulate">>;

/**
 * Compiles `objective` and its update into one program. The metrics are `loss`, the metrics of the objective and, in half
 * precision, `finite`: 0 for a step whose gradients overflowed.
 *
 * @throws GraphError if the loss isn't a scalar or doesn't depend on one of the parameters, if there is nothing to train, or if
 * `accumulate` is not a whole number of 1 or more.
 */
export function compileStep(name: string, objective: BuildObjective, options: StepOptions): TrainProgram {
  const { precision = "fp32", exposeGradients = false, optimizer, ema = 0, accumulate = 1 } = options;
  if (!(Number.isInteger(accumulate) && accumulate >= 1))
    throw new GraphError(`accumulate is ${accumulate}; it must be a whole number of 1 or more`);
  const half = precision === "fp16";
  const graph = new Graph(options.block);
  const { loss, networks, metrics = {} } = objective(graph, half ? "float16" : "float32");
  const state = networks.flatMap((net) => [...net.parameters.state.values()]);
  const of = (role: string): StateTensor[] => state.filter(({ spec }) => spec.role === role);
  const parameters = of("parameter");
  if (parameters.length === 0)
    throw new GraphError("nothing trains: the objective returns no network with parameters that train");
  const values = parameters.map(({ value }) => value);

  const scale = half ? lossScale(graph) : undefined;
  const scaled = gradients(loss, values, scale);
  const grads = scale ? scaled.map((gradient) => mul(gradient, reciprocal(scale))) : scaled;
  if (exposeGradients)
    for (const [i, { name }] of parameters.entries()) graph.output(`gradient.${name}`, grads[i] as Value);
  const finite = scale ? allFinite(grads) : undefined;

  const changes = buildUpdate(graph, parameters, grads, of("statistic"), finite, options);
  if (scale && finite) changes.push(...scaleChanges(scale, finite));
  for (const { entry, next } of changes) graph.output(nextName(entry.name), next);

  const results = { loss, ...metrics, ...(finite ? { finite: cast(finite, "float32") } : {}) };
  for (const [metric, value] of Object.entries(results)) graph.output(metric, value);

  const carried = new Set(changes.map(({ entry }) => entry.name));
  const feeds = graph.inputs.filter(({ name }) => !carried.has(name));
  const tensor = (role: "feed" | "metric", name: string, { dtype, shape }: Value): ProgramTensor => ({
    name,
    dtype,
    shape,
    role,
  });
  return {
    name,
    model: encode(graph, "train"),
    tensors: [
      ...changes.map(({ entry }) => entry),
      ...Object.entries(results).map(([metric, value]) => tensor("metric", metric, value)),
      ...feeds.map((feed) => tensor("feed", feed.name, feed)),
    ],
    masks: networks.flatMap(({ masks }) =>
      masks.map(({ layer, probability, value }) => ({
        layer,
        probability,
        name: value.name,
        shape: value.shape as number[],
      })),
    ),
    rule: { optimizer, ema, accumulate },
  };
}
