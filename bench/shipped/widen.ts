/**
 * Makes a wider network compute the outputs of a narrower one of the same structure, so that training it does not start at
 * random:
 *
 *     node --import tsx bench/shipped/widen.ts models/vultus_m.onnx vultus_l wide.safetensors
 *
 * Each tensor of the narrower network becomes a corner of the wider one's. The old channels do not read the new ones, whose
 * weights are drawn at random (Net2Net, Chen et al. 2016, with zeros instead of copies).
 */

import { parseArgs } from "node:util";
import { writeSafetensors } from "../../src/formats/safetensors.node.ts";
import { type Architecture, describe, newWeights } from "../../src/models/classifier.ts";
import { backboneNamed } from "../../src/models/registry.ts";
import { type FloatTensor, floatTensor } from "../../src/util/tensor.ts";
import { classifierMetadata, provenanceOf } from "../../src/weights/classifier-file.ts";
import { loadClassifier } from "../../src/weights/load.node.ts";

/** Copies `former` into the lowest indices of each axis of `wide`; weights from new channels to old ones are zero. */
function widened(former: FloatTensor, wide: FloatTensor): FloatTensor {
  const [formerOut, formerIn = 1] = former.shape as [number, number?];
  const [out, input = 1, ...taps] = wide.shape as [number, number?, ...number[]];
  const size = taps.reduce((product, extent) => product * extent, 1);
  const data = wide.data.slice();
  for (let o = 0; o < Math.min(out, formerOut); o++) {
    data.fill(0, o * input * size, (o + 1) * input * size);
    data.set(former.data.subarray(o * formerIn * size, (o + 1) * formerIn * size), o * input * size);
  }
  return floatTensor(wide.shape, data);
}

const [from, to, out] = parseArgs({ allowPositionals: true }).positionals;
if (!from || !to || !out)
  throw new Error("usage: node --import tsx bench/shipped/widen.ts NARROW.onnx WIDE_MODEL OUT.safetensors");
const { architecture: narrow, weights, metadata } = loadClassifier(from);
const architecture: Architecture = { ...narrow, backbone: backboneNamed(to) };
const all = describe(architecture).specs.map((spec) => {
  const former = weights.get(spec.name);
  const fresh = newWeights(spec, 1);
  return [spec.name, former ? widened(former, fresh) : fresh] as const;
});
writeSafetensors(out, new Map(all), classifierMetadata(architecture, provenanceOf(metadata, from)));
