/** A served model: its description, its workers, and the batches in which faces are classified. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import type { Picture } from "../data/dataset.ts";
import { inMemory, runBundle } from "../evaluate/run-bundle.ts";
import { namedPrior } from "../metrics/prior.ts";
import { type ModelOptions, openModel } from "../predict/model.node.ts";
import { shiftedPriorOf, withPrior } from "../program/bundle-prior.ts";
import { type Bundle, decodeBundle } from "../program/decode-bundle.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { VultusError } from "../util/errors.ts";
import { readBytes } from "../util/files.node.ts";
import { priorsIn, readArchitecture } from "../weights/classifier-file.ts";
import { readEnsemble } from "../weights/ensemble-file.ts";
import { modelName } from "../weights/load.node.ts";
import { type Batcher, type BatcherSettings, createBatcher } from "./batcher.ts";
import type { ModelAnswer } from "./schemas.ts";
import { openWorkers, type Workers } from "./workers.ts";

export interface ServedModel {
  /** Includes the shift to the service's class prior, which requests may override (`recognise.ts`). */
  readonly bundle: Bundle;
  readonly description: Omit<ModelAnswer, "limits" | "served" | "detector">;
  readonly workers: Workers;
  /** Returns the probabilities of a face without the shift. */
  readonly classify: Batcher<Picture, Float32Array>;
}

export interface ServingOptions {
  /** Number of threads, each with its own copy of the model. */
  readonly workers: number;
  readonly model: ModelOptions;
  readonly batch: Pick<BatcherSettings, "most" | "delay">;
  /** Receives the number of faces of each batch. */
  onBatch(faces: number): void;
  /** Receives the reason why a worker had to be replaced. */
  onLost(reason: string): void;
}

/** A model file that was read. */
export interface ModelFile {
  readonly file: string;
  readonly bundle: Bundle;
  readonly sha256: string;
}

/** Reads the model at `file` (a result of `classifierPath`). @throws VultusError */
export function readModelFile(file: string): ModelFile {
  const bytes = readBytes(file);
  const bundle = file.endsWith(".onnx") ? decodeBundle(bytes, file) : loadBundle(file);
  return { file, bundle, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/**
 * Starts a model's workers and tests each with one image.
 *
 * @throws VultusError if the test fails; no worker stays open then.
 */
export async function openServedModel(read: ModelFile, options: ServingOptions): Promise<ServedModel> {
  const bundle = withPrior(read.bundle, options.model.prior);
  const { workers: count, model, batch, onBatch, onLost } = options;
  const workers = await openWorkers(
    count,
    () => openModel(read.bundle, { ...model, prior: undefined }),
    onLost,
  );
  const classify = createBatcher(
    async (faces: readonly Picture[]) => {
      onBatch(faces.length);
      return workers.use((worker) => probabilitiesOf(worker.classifier.open, read.bundle, faces));
    },
    { ...batch, atOnce: count },
  );
  try {
    await tryOut(workers, bundle);
  } catch (error) {
    await workers.close();
    throw error;
  }
  return { bundle, description: descriptionOf({ ...read, bundle }), workers, classify };
}

type Open = Parameters<typeof runBundle>[0];

/** Returns one row per face. */
async function probabilitiesOf(
  open: Open,
  bundle: Bundle,
  faces: readonly Picture[],
): Promise<Float32Array[]> {
  const classes = bundle.architecture.classes.length;
  const { probabilities } = await runBundle(open, bundle, inMemory(faces));
  return faces.map((_, i) => probabilities.subarray(i * classes, (i + 1) * classes));
}

/** The first run is the slowest, so it should not be part of a user's request. */
async function tryOut(workers: Workers, bundle: Bundle): Promise<void> {
  const { inputSize: side } = bundle.architecture;
  const grey: Picture = {
    pixels: new Uint8Array(side * side).fill(128),
    width: side,
    height: side,
    channels: 1,
  };
  const rows = await Promise.all(
    Array.from({ length: workers.count }, () =>
      workers.use(async ({ classifier, detector }) => {
        await detector?.detect(grey);
        return probabilitiesOf(classifier.open, bundle, [grey]);
      }),
    ),
  );
  const sums = rows.map(([row]) => (row as Float32Array).reduce((sum, share) => sum + share, 0));
  if (sums.some((sum) => !(Math.abs(sum - 1) < 1e-3)))
    throw new VultusError(
      `${bundle.path}: its probabilities for a grey image sum to ${sums.join(", ")} instead of 1`,
    );
}

function descriptionOf({ file, bundle, sha256 }: ModelFile): ServedModel["description"] {
  const { architecture, metadata } = bundle;
  return {
    name: modelName(file),
    version: sha256.slice(0, 12),
    sha256,
    labels: [...architecture.classes],
    backbone: architecture.network?.backbone ?? null,
    members: membersOf(bundle),
    ...priorsOf(bundle),
    inputSize: architecture.inputSize,
    metrics: objectIn(metadata.metrics),
    trainedBy: metadata.vultus_version ?? null,
    license: metadata.license ?? null,
    card: cardOf(file),
  };
}

function priorsOf(bundle: Bundle): Pick<ModelAnswer, "trainedPrior" | "prior"> {
  const { classes } = bundle.architecture;
  const { trainedPrior } = priorsIn(bundle.metadata, bundle.path);
  const prior = shiftedPriorOf(bundle);
  return {
    trainedPrior: trainedPrior ? namedPrior(classes, trainedPrior) : null,
    prior: prior ? namedPrior(classes, prior) : null,
  };
}

/** Returns the members of an ensemble. */
function membersOf({ metadata, path }: Bundle): ModelAnswer["members"] {
  const { members } = readEnsemble(metadata, path) ?? {};
  if (!members) return null;
  return members.map(({ name, weight, metadata: own }) => {
    const { network, inputSize } = readArchitecture(own, path);
    return { name, weight, backbone: network?.backbone ?? null, inputSize, license: own.license ?? null };
  });
}

function objectIn(text: string | undefined): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return typeof value === "object" && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** Reads `vultus_m.md` next to `vultus_m.onnx`, or a run's model card. */
function cardOf(file: string): string | null {
  const beside = [`${file.slice(0, -extname(file).length)}.md`, join(dirname(file), "model-card.md")];
  const card = beside.find((path) => existsSync(path));
  return card === undefined ? null : readFileSync(card, "utf8");
}
