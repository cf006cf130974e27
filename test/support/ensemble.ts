/** Two or three small networks that differ in everything in which members may differ, and an ensemble of them as a file. */

import type { Picture } from "../../src/data/dataset.ts";
import { inMemory } from "../../src/evaluate/run-bundle.ts";
import { writeEnsemble } from "../../src/export/ensemble.node.ts";
import { type Architecture, describe, withNewWeights } from "../../src/models/classifier.ts";
import { backboneNamed } from "../../src/models/registry.ts";
import { localEngine } from "../../src/runtime/engine.ts";
import { openSession } from "../../src/runtime/session.node.ts";
import { random } from "../../src/util/random.ts";
import { classifierMetadata, type Provenance } from "../../src/weights/classifier-file.ts";
import type { Member } from "../../src/weights/members.ts";

export const classes = ["angry", "happy", "sad"];

/** A member with random weights; `name` also seeds them. */
export function memberOf(
  name: string,
  architecture: Partial<Architecture> & { readonly model?: string },
  { temperature = 1, weight = 1, ...provenance }: Provenance & { readonly weight?: number } = {},
): Member {
  const { model = "vultus_s", ...rest } = architecture;
  const whole: Architecture = {
    backbone: backboneNamed(model),
    head: "linear",
    classes,
    dropout: 0,
    inputSize: 32,
    resize: 1,
    ...rest,
  };
  const weights = withNewWeights(describe(whole).specs, new Map(), name.length);
  const metadata = classifierMetadata(whole, { ...provenance, temperature });
  return { architecture: whole, weights, metadata, path: `${name}.onnx`, name, temperature, weight };
}

const rgb = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.25, 0.3], size: 64 };

/** A grey one at 32 px, and two in RGB with margins, other class orders and other layers. Their weights sum to 1. */
export const members: readonly Member[] = [
  memberOf("grey", {}, { temperature: 0.5, weight: 0.5, license: "MIT" }),
  memberOf(
    "coloured",
    {
      model: "squeezenet1_1",
      head: "reference",
      classes: ["sad", "angry", "happy"],
      inputSize: 40,
      resize: 1.15,
    },
    { temperature: 1.7, weight: 0.2, license: "CC BY 4.0" },
  ),
  memberOf(
    "larger",
    {
      backbone: { ...backboneNamed("vultus_m"), preprocessing: rgb },
      classes: ["happy", "sad", "angry"],
      inputSize: 48,
      resize: 1.25,
    },
    { temperature: 0.8, weight: 0.3 },
  ),
];

/** Grey and coloured images of several sizes, two of the same size. */
export const pictures: readonly Picture[] = (
  [
    [48, 48, 1],
    [90, 61, 3],
    [48, 48, 3],
    [33, 70, 3],
    [150, 150, 1],
  ] as const
).map(([width, height, channels]) => {
  const rng = random("ensemble", width, height, channels);
  const pixels = Uint8Array.from({ length: width * height * channels }, () => rng.integer(256));
  return { pixels, width, height, channels };
});

export const engine = localEngine((program) => openSession(program.model, { device: "cpu", threads: 2 }));

/** Writes the ensemble `of` to `path`. */
export function writeEnsembleFile(
  path: string,
  of: readonly Member[] = members,
): ReturnType<typeof writeEnsemble> {
  return writeEnsemble({
    path,
    members: of,
    classes: of[0]?.architecture.classes ?? [],
    stored: "float32",
    provenance: {},
    engine,
    pictures: inMemory(pictures),
  });
}
