/** Runs a classifier on images in one of its lowerings. */

import { encode } from "../../src/graph/encode.ts";
import { Graph } from "../../src/graph/graph.ts";
import { type Architecture, buildClassifier } from "../../src/models/classifier.ts";
import { Network } from "../../src/nn/network.ts";
import { openSession } from "../../src/runtime/session.node.ts";
import { floatTensor, permute, type StateDict, type Tensor } from "../../src/util/tensor.ts";

export const lowerings = ["folded", "rows", "named"] as const;
export type Lowering = (typeof lowerings)[number];

/** Logits of the classifier; in `rows`, everything from the first stage on uses rows, with weights as inputs. */
export async function logitsIn(
  lowering: Lowering,
  architecture: Architecture,
  weights: StateDict,
  pictures: Tensor,
): Promise<Float32Array> {
  const graph = new Graph();
  const net = new Network({
    graph,
    weights,
    trainable: () => lowering === "rows",
    training: false,
    ...(lowering === "named" ? { named: "float32" } : {}),
  });
  const x = graph.input("pictures", "float32", pictures.shape);
  graph.output("logits", buildClassifier(net, architecture, x).logits);
  const feeds: Record<string, Tensor> = { pictures };
  for (const [name, { form, value }] of net.parameters.state) {
    const tensor = weights.get(name) as Tensor;
    const data = tensor.data as Float32Array;
    feeds[name] = floatTensor(
      value.shape as number[],
      form ? permute(data, tensor.shape, form.permutation) : data,
    );
  }
  const session = await openSession(encode(graph, "lowering"), { device: "cpu", threads: 2 });
  const result = (await session.run(feeds)).logits?.data as Float32Array;
  await session.release();
  return result;
}
