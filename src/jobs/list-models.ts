/** The shipped models and the trainable backbones: their accuracy, size, speed and purpose. */

import { statSync } from "node:fs";
import { z } from "zod";
import type { Picture } from "../data/dataset.ts";
import type { Pictures } from "../evaluate/run-bundle.ts";
import { answersOf } from "../export/verify.ts";
import { hasResidualBlocks } from "../models/attention.ts";
import { describe } from "../models/classifier.ts";
import { backbones } from "../models/registry.ts";
import { type AttentionKind, attentionKinds } from "../nn/attention.ts";
import type { Bundle } from "../program/decode-bundle.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { startEngine } from "../runtime/engine.node.ts";
import type { Engine } from "../runtime/engine.ts";
import { provenanceOf } from "../weights/classifier-file.ts";
import { shippedModel, shippedModels } from "../weights/shipped.node.ts";
import { sources } from "../weights/sources.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";

export interface ListModelsOptions extends DeviceOptions {
  /** Whether to measure the speed of the shipped models, which takes a second or two. Default: true. */
  readonly speed?: boolean | undefined;
}

/** A shipped model: what its file records, and its speed on this machine. */
export interface ShippedModel {
  readonly file: string;
  readonly bytes: number;
  readonly classes: readonly string[];
  /** The split on which it was scored, and its number of images. */
  readonly split: string;
  readonly n: number;
  /** From 0 to 1, with its 95 % interval. */
  readonly accuracy: number;
  readonly interval: readonly [low: number, high: number];
  /** For cropped faces of the network's input size, 64 at a time; left out if not measured. */
  readonly facesPerSecond?: number;
}

/** Where a backbone's ImageNet weights come from. */
export interface PublishedWeights {
  /** "torchvision's IMAGENET1K_V1". */
  readonly title: string;
  /** Repository on the Hugging Face hub. */
  readonly repo: string;
  /** SPDX identifier. */
  readonly licence: string;
}

/** A backbone, and the shipped model that uses it. */
export interface ListedModel {
  readonly name: string;
  /** Default side of its input, in pixels. */
  readonly inputSize: number;
  /** Length of its feature vector. */
  readonly features: number;
  /** Without a head. */
  readonly parameters: number;
  /** Multiplications and additions for one image, without a head. */
  readonly macs: number;
  /** What `weights` of a training may name. */
  readonly weights: readonly string[];
  /** The weights that `imagenet` stands for; left out if none are known on the hub. */
  readonly published?: PublishedWeights;
  /** What it is good for, in a few words. */
  readonly purpose?: string;
  /** Stages that a phase of a recipe can train. */
  readonly stages: readonly string[];
  /** Valid values for the option `attention` of a training; empty if there are no residual blocks for it. */
  readonly attention: readonly AttentionKind[];
  readonly shipped?: ShippedModel;
}

/** Number of faces and seconds for the measurement. */
const AT_FIRST = 64;
const SECONDS = 0.5;
const MOST = 4096;

const metricsSchema = z.object({
  split: z.string(),
  n: z.number(),
  accuracy: z.number(),
  interval: z.tuple([z.number(), z.number()]),
});

/** Lists every backbone of the registry, in its order. */
export async function listModels(options: ListModelsOptions = {}): Promise<ListedModel[]> {
  const names = shippedModels();
  const engine =
    options.speed === false || names.length === 0 ? undefined : startEngine(chooseDevice(options, () => {}));
  try {
    const models: ListedModel[] = [];
    for (const backbone of backbones) {
      const { name, preprocessing, features, stages, purpose } = backbone;
      const [first] = sources[name] ?? [];
      const described = describe({
        backbone,
        head: "linear",
        classes: ["a", "b"],
        dropout: 0,
        inputSize: preprocessing.size,
        resize: 1,
      }).stages.filter((stage) => stage.name !== "head");
      const ships = names.includes(name);
      models.push({
        name,
        inputSize: preprocessing.size,
        features,
        parameters: described.reduce((sum, stage) => sum + stage.parameters, 0),
        macs: Math.round(described.reduce((sum, stage) => sum + stage.macs, 0)),
        weights: [...(first ? ["imagenet"] : []), ...(ships ? ["vultus"] : [])],
        ...(first && { published: { title: first.title, repo: first.repo, licence: first.licence } }),
        ...(purpose && { purpose }),
        stages: [...stages],
        attention: hasResidualBlocks(backbone) ? attentionKinds : [],
        ...(ships && { shipped: await shippedAs(name, engine) }),
      });
    }
    return models;
  } finally {
    await engine?.close();
  }
}

async function shippedAs(name: string, engine: Engine | undefined): Promise<ShippedModel> {
  const file = shippedModel(name);
  const bundle = loadBundle(file);
  const { split, n, accuracy, interval } = metricsSchema.parse(provenanceOf(bundle.metadata, file).metrics);
  return {
    file,
    bytes: statSync(file).size,
    classes: bundle.architecture.classes,
    ...{ split, n, accuracy, interval },
    ...(engine && { facesPerSecond: await speedOf(engine, bundle) }),
  };
}

/** Measures faces per second for about half a second. */
async function speedOf(engine: Engine, bundle: Bundle): Promise<number> {
  const { inputSize: side } = bundle.architecture;
  const face: Picture = {
    width: side,
    height: side,
    channels: 3,
    pixels: new Uint8Array(3 * side * side).fill(128),
  };
  const faces = (count: number): Pictures => ({ count, shape: () => face, get: () => face });
  const { picturesPerSecond } = await answersOf(engine, bundle, faces(AT_FIRST));
  const count = Math.min(MOST, Math.max(AT_FIRST, Math.round(picturesPerSecond * SECONDS)));
  return (await answersOf(engine, bundle, faces(count))).picturesPerSecond;
}
