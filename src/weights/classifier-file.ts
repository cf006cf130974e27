/** A classifier in a `.safetensors` file: its weights, and in the metadata all that is needed to use them. */

import { z } from "zod";
import type { Architecture } from "../models/classifier.ts";
import { backboneNamed } from "../models/registry.ts";
import { FormatError } from "../util/errors.ts";

/** The metadata entry that holds the description. */
const KEY = "vultus";

const descriptionSchema = z.object({
  format: z.literal(1),
  model: z.string(),
  head: z.enum(["reference", "linear"]),
  classes: z.array(z.string()).min(2),
  dropout: z.number(),
  inputSize: z.number().int(),
  resize: z.number(),
  mean: z.array(z.number()),
  std: z.array(z.number()),
});

/** Metadata that makes a file of weights a classifier. */
export function classifierMetadata(architecture: Architecture): Record<string, string> {
  const { backbone, head, classes, dropout, inputSize, resize } = architecture;
  const { mean, std } = backbone.preprocessing;
  const description = {
    format: 1,
    model: backbone.name,
    head,
    classes,
    dropout,
    inputSize,
    resize,
    mean,
    std,
  };
  return { [KEY]: JSON.stringify(description) };
}

/** The architecture that a file's metadata describes; `name` is what errors call the file. */
export function architectureOf(metadata: Readonly<Record<string, string>>, name: string): Architecture {
  const text = metadata[KEY];
  if (!text) {
    throw new FormatError(
      `${name} holds weights but no classifier: its metadata has no "${KEY}" entry; use a run folder or its best.safetensors`,
    );
  }
  const parsed = descriptionSchema.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new FormatError(`${name}: its description is damaged: ${z.prettifyError(parsed.error)}`);
  const { model, head, classes, dropout, inputSize, resize, mean, std } = parsed.data;
  const backbone = backboneNamed(model);
  return {
    backbone: { ...backbone, preprocessing: { ...backbone.preprocessing, mean, std } },
    head,
    classes,
    dropout,
    inputSize,
    resize,
  };
}
