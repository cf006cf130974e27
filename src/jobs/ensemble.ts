/** Combines models in one bundle that averages their calibrated probabilities. */

import type { Picture } from "../data/dataset.ts";
import { drawFace } from "../data/synthetic.ts";
import { expressions } from "../data/synthetic-expression.ts";
import { inMemory } from "../evaluate/run-bundle.ts";
import { writeEnsemble } from "../export/ensemble.node.ts";
import type { BackboneOptions } from "../models/registry.ts";
import { type EnsembleScores, ensembleCardMarkdown } from "../report/ensemble-card.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { UsageError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { version } from "../util/version.node.ts";
import type { Member } from "../weights/members.ts";
import type { DataSource, ModelSource } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { cardBeside, givenWeights, openModels, withOwnNames } from "./ensemble-input.ts";
import { measure } from "./ensemble-scores.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import type { LabelledOptions } from "./labelled-pictures.ts";

export interface EnsembleOptions extends LabelledOptions, DeviceOptions, BackboneOptions {
  /** Two or more models with the same classes; the order of the first is kept. An ensemble counts as its members. */
  readonly models: readonly ModelSource[];
  /** The `.onnx` file to write. Its model card is written next to it, as `.md`. */
  readonly out: string;
  /**
   * Weights of the models: equal (the default), a number of 0 or more for each, or fitted to maximise the likelihood of the labels
   * of `data`.
   */
  readonly weights?: "equal" | "fit" | readonly number[] | undefined;
  /** Labelled images on whose validation split weights are fitted, and the ensemble and its members are scored. */
  readonly data?: DataSource | undefined;
  /** How matrices are stored; float16 halves the file. Default: float32. */
  readonly stored?: "float32" | "float16" | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** What `ensemble --json` prints. */
export interface EnsembleResult {
  readonly file: string;
  readonly card: string;
  readonly classes: readonly string[];
  readonly weights: "equal" | "given" | "fitted";
  readonly members: readonly EnsembleMember[];
  readonly bytes: number;
  /** Largest difference of any probability from the mean of the members' own, on `checkedOn` images. */
  readonly maxProbabilityDifference: number;
  readonly checkedOn: number;
  /** Missing if no data was given. */
  readonly scores?: EnsembleScores;
}

export interface EnsembleMember {
  readonly name: string;
  readonly path: string;
  /** Its weight in the mean of the probabilities; all weights sum to 1. */
  readonly weight: number;
  /** As stated in its own file. */
  readonly license?: string;
}

/** Number of images on which the file is compared with its members. */
const CHECKED = 60;
/** A smaller weight has no visible effect on predictions, but costs as much time as any other. */
const LEAST_WEIGHT = 0.001;

/**
 * Writes an ensemble, after checking that its predictions match those of its members. Every job accepts it like any other bundle.
 *
 * @throws UsageError for fewer than two models, a model named twice, models with different classes, invalid weights, or a file
 * that must not be replaced; FormatError for a damaged model; VultusError if the file cannot be written.
 */
export function ensemble(options: EnsembleOptions): Promise<EnsembleResult> {
  return telling(options.onEvent, (teller) => combined(options, teller));
}

async function combined(options: EnsembleOptions, teller: Teller): Promise<EnsembleResult> {
  const { models, out, data, stored = "float32", weights: asked = "equal", ...labelled } = options;
  const fit = asked === "fit";
  if (fit && data === undefined)
    throw new UsageError("weights are fitted on labelled images; give some with --fit, or as data");
  const files = openModels(models, options);
  const card = cardBeside(
    out,
    files.map(({ path }) => path),
  );
  const each = givenWeights(asked, files.length, teller.note);
  const candidates = withOwnNames(
    files.flatMap(({ members }, k) =>
      members.map((member) => ({ ...member, weight: member.weight * (each[k] as number) })),
    ),
  );
  const engine = startEngine(chooseDevice(options, teller.note));
  try {
    const measured =
      data === undefined
        ? undefined
        : await measure(engine, files, candidates, { ...labelled, data, fit }, teller);
    const members = chosen(candidates, measured?.weights, teller.note);
    const [{ architecture }] = files;
    const { classes } = architecture;
    const scores = measured?.scores;
    const { bytes, maxProbabilityDifference, pictures, priors } = await writeEnsemble({
      path: out,
      members,
      classes,
      stored,
      fitted: measured?.fitted,
      provenance: {
        vultusVersion: version,
        ...(scores && { metrics: metricsOf(scores) }),
      },
      engine,
      pictures: inMemory(drawnFaces()),
    });
    teller.wrote(out);
    writeFileAtomic(card, ensembleCardMarkdown({ file: out, classes, members, priors, fitted: fit, scores }));
    teller.wrote(card);
    return {
      file: out,
      card,
      classes,
      weights: fit ? "fitted" : asked === "equal" ? "equal" : "given",
      members: members.map(({ name, path, weight, metadata: { license } }) => ({
        name,
        path,
        weight,
        ...(license !== undefined && { license }),
      })),
      bytes,
      maxProbabilityDifference,
      checkedOn: pictures,
      ...(scores && { scores }),
    };
  } finally {
    await engine.close();
  }
}

/** The metrics stored in the file: the same as for a single network. */
function metricsOf({ n, split, ensemble: scores }: EnsembleScores): object {
  const { people: _, ...short } = scores;
  return { n, split, ...short };
}

/** Returns the members with their weights, without those of negligible weight. */
function chosen(
  candidates: readonly Member[],
  weights: readonly number[] | undefined,
  note: (text: string) => void,
): readonly Member[] {
  const all = candidates.map((member, k) => ({ ...member, weight: weights?.[k] ?? member.weight }));
  const kept = all.filter(({ weight }) => weight >= LEAST_WEIGHT);
  for (const { name, weight } of all.filter((member) => member.weight < LEAST_WEIGHT))
    note(`${name} is left out: its weight is ${weight === 0 ? "0" : weight.toExponential(1)}`);
  if (kept.length < 2) {
    const alone = kept.map(({ path }) => path).join();
    throw new UsageError(`one member has all the weight; use ${alone} alone, or give other --weights`);
  }
  const sum = kept.reduce((total, { weight }) => total + weight, 0);
  return kept.map((member) => ({ ...member, weight: member.weight / sum }));
}

/** Draws faces of three heights. */
function drawnFaces(): Picture[] {
  return Array.from({ length: CHECKED }, (_, i) => {
    const face = drawFace(expressions[i % expressions.length] as (typeof expressions)[number], "ensemble", i);
    const height = face.height - 7 * (i % 3);
    return { ...face, height, pixels: face.pixels.subarray(0, height * face.width * face.channels) };
  });
}
