/** The examples that a model's file records as its training images. */

import { keysToLookUp } from "../../../src/data/image-keys.ts";
import { SIDE } from "../../../src/data/thumbnail.ts";
import { decodeBundle } from "../../../src/program/decode-bundle.ts";
import { trainingImagesIn } from "../../../src/weights/classifier-file.ts";
import { keysIn } from "../../../src/weights/training-images.ts";
import type { Example } from "./project.ts";

/** Their ids. @throws FormatError for a file that is not a bundle. */
export async function knownTo(
  { name, bundle }: { readonly name: string; readonly bundle: Blob },
  examples: readonly Pick<Example, "id" | "thumbnail">[],
): Promise<string[]> {
  const { metadata } = decodeBundle(new Uint8Array(await bundle.arrayBuffer()), name);
  const record = trainingImagesIn(metadata, name);
  const known = new Set([...keysIn(record?.own), ...keysIn(record?.before)]);
  if (known.size === 0) return [];
  const isKnown = ({ thumbnail: pixels }: Pick<Example, "thumbnail">): boolean =>
    keysToLookUp({ pixels, width: SIDE, height: SIDE, channels: 1 }).some((key) => known.has(key));
  return examples.filter(isKnown).map(({ id }) => id);
}
