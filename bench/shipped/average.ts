/**
 * Writes the mean of two networks of the same architecture, tensor by tensor, with the metadata of the first:
 *
 *     node --import tsx bench/shipped/average.ts A.safetensors B.onnx OUT.safetensors
 *
 * If B was trained further from A, or A from B, on other images, the mean does nearly as well on the images of each (Wortsman et
 * al. 2022). Both arguments accept files of either kind.
 */

import { parseArgs } from "node:util";
import { writeSafetensors } from "../../src/formats/safetensors.node.ts";
import { floatTensor } from "../../src/util/tensor.ts";
import { classifierMetadata, provenanceOf } from "../../src/weights/classifier-file.ts";
import { loadClassifier } from "../../src/weights/load.node.ts";

const [first, second, out] = parseArgs({ allowPositionals: true }).positionals;
if (!first || !second || !out)
  throw new Error("usage: node --import tsx bench/shipped/average.ts A B OUT.safetensors");
const [a, b] = [loadClassifier(first), loadClassifier(second)];
const mean = [...a.weights].map(([name, { shape, data }]) => {
  const other = b.weights.get(name);
  if (other?.data.length !== data.length)
    throw new Error(`${second} has no ${name} of ${data.length} numbers`);
  return [
    name,
    floatTensor(
      shape,
      data.map((value, i) => (value + (other.data[i] as number)) / 2),
    ),
  ] as const;
});
writeSafetensors(out, new Map(mean), classifierMetadata(a.architecture, provenanceOf(a.metadata, first)));
