/** A classifier's description in the metadata of a weights file: text under these keys. */

import { z } from "zod";
import { type CalibrationTarget, calibrationTargets } from "../metrics/temperature.ts";
import type { Architecture } from "../models/classifier.ts";
import { FormatError, messageOf, UsageError } from "../util/errors.ts";
import { type TrainingImagesRecord, trainingImagesSchema } from "./training-images.ts";

export type Metadata = Readonly<Record<string, string>>;

/** The entry that vultus reads; the others repeat or extend it for other readers. */
const KEY = "vultus";

const descriptionSchema = z.object({
  format: z.literal(1),
  /** Name of the backbone; missing if the classifier is not a single network. */
  model: z.string().optional(),
  classes: z.array(z.string()).min(2),
  inputSize: z.number().int(),
  resize: z.number(),
});

const networkSchema = z.object({
  model: z.string(),
  head: z.string(),
  dropout: z.number(),
  mean: z.array(z.number()).min(1),
  std: z.array(z.number()).min(1),
  /** Missing if there is none, and in files of older versions. */
  attention: z.string().optional(),
});

/** The network inside a classifier, by names: `resolveArchitecture` finds what they stand for. */
export interface DescribedNetwork {
  readonly backbone: string;
  readonly head: string;
  readonly dropout: number;
  /** Mean and standard deviation per channel, of pixels in [0, 1]: one channel is luma, three are RGB. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  /** The attention on the branches of its residual blocks; omitted if there is none. */
  readonly attention?: string | undefined;
}

/** A file's description of its classifier: plain data that any vultus can read, whether or not it knows the backbone. */
export interface DescribedArchitecture {
  readonly classes: readonly string[];
  /** Side of the square images that the network sees, in pixels. */
  readonly inputSize: number;
  /** Outside training the shorter side is resized to `inputSize · resize` before the centre is cropped. */
  readonly resize: number;
  /**
   * Undefined if the classifier is not a single network, such as an ensemble: such a bundle can predict, but can be neither
   * trained further nor exported in another form.
   */
  readonly network: DescribedNetwork | undefined;
}

/** An architecture as files describe it. */
export function describeArchitecture(architecture: Architecture): DescribedArchitecture {
  const { backbone, head, classes, dropout, inputSize, resize } = architecture;
  const { name, attention } = backbone;
  const { mean, std } = backbone.preprocessing;
  const network = { backbone: name, head, dropout, mean, std, ...(attention && { attention }) };
  return { classes, inputSize, resize, network };
}

export const cutSchema = z.object({
  /** Fingerprint of the data before the cut. */
  from: z.string(),
  seed: z.number(),
  validation: z.number().optional(),
  test: z.number().optional(),
  /** Whether near copies of an image were kept on its side. */
  nearCopies: z.boolean().optional(),
});

/** How a training cut splits from data without them, so that the cut can be repeated. */
export type TrainingCut = z.infer<typeof cutSchema>;

const countsSchema = z.object({
  training: z.record(z.string(), z.number()),
  validation: z.record(z.string(), z.number()),
});

/** The number of training and test images per class. */
export type ImageCounts = z.infer<typeof countsSchema>;

/** The origin of a classifier and its scores; unknown entries are omitted. */
export interface Provenance {
  /** Its name, given by its author. */
  readonly name?: string;
  /** Where it was trained, such as `browser`; omitted for Node. */
  readonly trainedIn?: string;
  readonly counts?: ImageCounts;
  /** The divisor of the logits before the softmax. */
  readonly temperature?: number;
  /** The target that the temperature was fitted to. Default: plurality. */
  readonly calibratedTo?: CalibrationTarget | undefined;
  /** The class prior that it was trained for: a share per class, in the order of the classes, summing to 1. */
  readonly trainedPrior?: readonly number[] | undefined;
  /** The prior of its probabilities; omitted if it is the trained one. */
  readonly prior?: readonly number[] | undefined;
  /** What was measured, and on what: `{split, n, accuracy, interval, …}`. */
  readonly metrics?: object;
  /** Fingerprint of the training data with its splits (`Dataset.fingerprint`). */
  readonly dataFingerprint?: string;
  readonly cut?: TrainingCut;
  /** Names in the training data that were mapped to classes (`Dataset.rename`). */
  readonly rename?: Readonly<Record<string, string>>;
  /** Names in the training data that are not classes (`Dataset.notAClass`). */
  readonly notAClass?: readonly string[];
  /** SHA-256 of recipe.json. */
  readonly recipeSha256?: string;
  readonly vultusVersion?: string;
  readonly license?: string;
  /** The images that it and the weights at its start were trained on (`training-images.ts`). */
  readonly trainingImages?: TrainingImagesRecord;
}

/** Metadata that makes a file of weights a classifier. */
export function classifierMetadata(
  architecture: Architecture | DescribedArchitecture,
  provenance: Provenance = {},
): Metadata {
  const described = "backbone" in architecture ? describeArchitecture(architecture) : architecture;
  const { classes, inputSize, resize, network } = described;
  const { backbone: model, head, dropout, mean, std, attention } = network ?? {};
  const {
    name,
    trainedIn,
    counts,
    temperature,
    calibratedTo,
    trainedPrior,
    prior,
    metrics,
    dataFingerprint,
    cut,
    rename,
    notAClass,
    recipeSha256,
    vultusVersion,
    license,
    trainingImages,
  } = provenance;
  const entries = {
    [KEY]: { format: 1, model, attention, head, classes, dropout, inputSize, resize, mean, std },
    labels: classes,
    name,
    trained_in: trainedIn,
    preprocessing: network && {
      channels: network.mean.length === 1 ? "luma" : "RGB",
      range: [0, 1],
      shorterSide: Math.round(inputSize * resize),
      centreCrop: inputSize,
      interpolation: "bilinear, antialiased",
      mean,
      std,
    },
    temperature,
    // As in files of before there was a choice, plurality is not written.
    calibrated_to: calibratedTo === "plurality" ? undefined : calibratedTo,
    trained_prior: trainedPrior,
    prior,
    metrics,
    data_fingerprint: dataFingerprint,
    data_counts: counts,
    data_cut: cut,
    data_rename: rename,
    data_not_a_class: notAClass,
    recipe_sha256: recipeSha256,
    vultus_version: vultusVersion,
    license,
    training_images: trainingImages,
  };
  const texts = Object.entries(entries).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, typeof value === "string" ? value : JSON.stringify(value)]],
  );
  return Object.fromEntries(texts);
}

/** Whether the metadata is that of a classifier. */
export function saysClassifier(metadata: Metadata): boolean {
  return Boolean(metadata[KEY]);
}

/** The architecture that a file's metadata describes; `name` is the file's name in errors. @throws FormatError. */
export function readArchitecture(metadata: Metadata, name: string): DescribedArchitecture {
  const text = metadata[KEY];
  if (!text) {
    throw new FormatError(
      `${name} contains weights but no classifier: its metadata has no "${KEY}" entry; use a run folder, or a file that vultus wrote`,
    );
  }
  const { model, classes, inputSize, resize } = parseEntry(text, name, descriptionSchema);
  if (model === undefined) return { classes, inputSize, resize, network: undefined };
  const { model: backbone, ...network } = parseEntry(text, name, networkSchema);
  return { classes, inputSize, resize, network: { backbone, ...network } };
}

/** The network of a classifier that is one. @throws UsageError for any other; `name` is the file's name in it. */
export function networkOf({ network }: DescribedArchitecture, name: string): DescribedNetwork {
  if (network) return network;
  throw new UsageError(
    `${name} is not a single network with a backbone: it can predict, but vultus cannot explain it, train it further or export it in another form; use a model of a single network`,
  );
}

/** Reads the origin of a classifier that was given to `classifierMetadata`. */
export function provenanceOf(metadata: Metadata, name: string): Provenance {
  const { metrics, data_fingerprint, data_counts, recipe_sha256, vultus_version, license } = metadata;
  const cut = cutOf(metadata, name);
  const trainingImages = trainingImagesIn(metadata, name);
  return {
    ...(metadata.name !== undefined && { name: metadata.name }),
    ...(metadata.trained_in !== undefined && { trainedIn: metadata.trained_in }),
    ...(data_counts !== undefined && { counts: parseEntry(data_counts, name, countsSchema) }),
    temperature: temperatureOf(metadata, name),
    calibratedTo: calibrationTargetOf(metadata, name),
    ...priorsIn(metadata, name),
    ...(metrics !== undefined && { metrics: parseEntry(metrics, name, z.record(z.string(), z.unknown())) }),
    ...(data_fingerprint !== undefined && { dataFingerprint: data_fingerprint }),
    ...(cut && { cut }),
    ...namingIn(metadata, name),
    ...(recipe_sha256 !== undefined && { recipeSha256: recipe_sha256 }),
    ...(vultus_version !== undefined && { vultusVersion: vultus_version }),
    ...(license !== undefined && { license }),
    ...(trainingImages && { trainingImages }),
  };
}

/** Reads a file's record of training images; undefined if there is none, as in older files. */
export function trainingImagesIn(
  { training_images: text }: Metadata,
  name: string,
): TrainingImagesRecord | undefined {
  return text === undefined ? undefined : parseEntry(text, name, trainingImagesSchema);
}

/** The divisor of a file's logits before the softmax; 1 if the file does not state it. */
export function temperatureOf(metadata: Metadata, name: string): number {
  const temperature = Number(metadata.temperature ?? 1);
  if (!(temperature > 0 && Number.isFinite(temperature))) {
    throw new FormatError(
      `${name}: its temperature is "${metadata.temperature}"; it must be a number greater than 0; export the file again`,
    );
  }
  return temperature;
}

/** The target that a file's temperature was fitted to; the plurality if the file does not state it. */
export function calibrationTargetOf(
  { calibrated_to: text = "plurality" }: Metadata,
  name: string,
): CalibrationTarget {
  const target = calibrationTargets.find((one) => one === text);
  if (target) return target;
  throw new FormatError(
    `${name}: its temperature was fitted to "${text}", which this version of vultus does not know; export it again with this version, or use a later one`,
  );
}

/** Priors of a classifier, a share per class in the order of its classes, each summing to 1. */
export type Priors = Pick<Provenance, "trainedPrior" | "prior">;

/** Reads a file's priors; older files have none. @throws FormatError for invalid shares. */
export function priorsIn(metadata: Metadata, name: string): Priors {
  const { trained_prior, prior } = metadata;
  if (trained_prior === undefined && prior === undefined) return {};
  const count = readArchitecture(metadata, name).classes.length;
  const shares = (key: string, text: string): number[] => {
    const found = parseEntry(text, name, z.array(z.number().min(0)).length(count));
    const total = found.reduce((sum, share) => sum + share, 0);
    if (Math.abs(total - 1) < 1e-6) return found;
    throw new FormatError(
      `${name}: the shares of its ${key} add up to ${total}, not to 1; export the file again`,
    );
  };
  if (trained_prior === undefined)
    throw new FormatError(
      `${name}: it has a prior, but not the trained_prior that it was shifted from; export it again`,
    );
  const trainedPrior = shares("trained_prior", trained_prior);
  return { trainedPrior, ...(prior !== undefined && { prior: shares("prior", prior) }) };
}

/** How a classifier's logits become its probabilities: softmax((logits + offset)/temperature). */
export interface Answering {
  readonly temperature: number;
  /** Per class, temperature·log(prior/trained prior); omitted if the prior is the trained one. */
  readonly offset?: readonly number[];
}

/** Reads how a file computes probabilities. A bundle's `logits` output includes the offset. */
export function answeringOf(metadata: Metadata, name: string): Answering {
  const temperature = temperatureOf(metadata, name);
  const { trainedPrior, prior } = priorsIn(metadata, name);
  if (!trainedPrior || !prior) return { temperature };
  const offset = prior.map((share, k) => temperature * Math.log(share / (trainedPrior[k] as number)));
  if (offset.every(Number.isFinite)) return { temperature, offset };
  throw new FormatError(
    `${name}: its prior and trained_prior must be above 0 for every class; export it again`,
  );
}

/** The splits cut for a classifier's training; undefined if its data had splits or the file does not state them. */
export function cutOf({ data_cut: text }: Metadata, name: string): TrainingCut | undefined {
  return text === undefined ? undefined : parseEntry(text, name, cutSchema);
}

/**
 * The names in the training data that were given classes, and those that are not classes; each omitted if there are none or
 * the file does not state them.
 */
export function namingIn(
  { data_rename: rename, data_not_a_class: notAClass }: Metadata,
  name: string,
): Pick<Provenance, "rename" | "notAClass"> {
  return {
    ...(rename !== undefined && { rename: parseEntry(rename, name, z.record(z.string(), z.string())) }),
    ...(notAClass !== undefined && { notAClass: parseEntry(notAClass, name, z.array(z.string())) }),
  };
}

/** The classes of the head in a weights file, if the file states them. @throws UsageError as `networkOf`. */
export function classesOf(metadata: Metadata, name: string): readonly string[] | undefined {
  if (!saysClassifier(metadata)) return undefined;
  const described = readArchitecture(metadata, name);
  networkOf(described, name);
  return described.classes;
}

/** An entry of the metadata that is JSON; `name` is the file's name in errors. @throws FormatError for invalid content. */
export function parseEntry<T>(text: string, name: string, schema: z.ZodType<T>): T {
  const damaged = (reason: string): FormatError =>
    new FormatError(`${name}: its description of the classifier is damaged: ${reason}`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged(messageOf(error));
  }
  const result = schema.safeParse(value);
  if (!result.success) throw damaged(z.prettifyError(result.error));
  return result.data;
}
