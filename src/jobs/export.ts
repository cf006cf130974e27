/** Writes a trained classifier in other formats, and checks each file against the original model. */

import { existsSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, resolve } from "node:path";
import type { Sample } from "../data/dataset.ts";
import { loadPixels, type PixelCache } from "../data/pixel-cache.node.ts";
import { drawFace } from "../data/synthetic.ts";
import { expressions } from "../data/synthetic-expression.ts";
import { LARGEST_SIDE, labelsOf } from "../evaluate/evaluate.ts";
import { inMemory, type Pictures } from "../evaluate/run-bundle.ts";
import {
  type ExportedFile as CheckedFile,
  type ConvertedForm,
  exportClassifier,
  type Form,
  forms,
} from "../export/export.node.ts";
import { accuracyOf, fittingBits } from "../export/int8.node.ts";
import { pagePrior } from "../export/page-models.ts";
import { runProvenance } from "../export/provenance.node.ts";
import { writeSite } from "../export/site.node.ts";
import { answersOf } from "../export/verify.ts";
import { isSamePrior, type PriorChoice, priorText, wholePrior } from "../metrics/prior.ts";
import type { BackboneOptions } from "../models/registry.ts";
import type { BundleInput } from "../program/bundle.ts";
import { chosenPriorOf, unrecordedPrior, withPrior } from "../program/bundle-prior.ts";
import { loadBundle } from "../program/read-bundle.node.ts";
import { modelCardMarkdown } from "../report/model-card.ts";
import { readRun } from "../report/run-record.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { readEnvironment, runPaths } from "../train/run-folder.node.ts";
import { UsageError } from "../util/errors.ts";
import { writeFileAtomic } from "../util/files.node.ts";
import { didYouMean } from "../util/nearest.ts";
import { random, shuffled } from "../util/random.ts";
import { option } from "../util/spelling.ts";
import { urlName } from "../util/url-name.ts";
import { librarySnippet } from "../weights/canonical-names.ts";
import { classifierMetadata, type Priors, provenanceOf } from "../weights/classifier-file.ts";
import { loadClassifier } from "../weights/load.node.ts";
import { isShipped } from "../weights/shipped.node.ts";
import { checkCard } from "./check-card.ts";
import { bundleOf, type DataSource, type ModelSource, type NamingOptions, pathOf } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { asCutFor, type Judged, openFor } from "./labelled-pictures.ts";

export interface ExportOptions extends DeviceOptions, BackboneOptions, NamingOptions {
  /** Run folder, file written by a run or an export, name of a shipped model, or a loaded model. Default: the shipped model. */
  readonly model?: ModelSource | undefined;
  /** Formats to write. Default: bundle alone, or triton alone if its repository is given. */
  readonly to?: Form | readonly Form[] | undefined;
  /**
   * Folder to write to. Default: `export/` in the run folder or next to the file; for a shipped model, in the working folder. If
   * only the web format is written to a given folder, it goes directly into it; otherwise it goes into `web/` below.
   */
  readonly out?: string | undefined;
  /** Triton's model repository, into which the model is written. */
  readonly triton?: string | undefined;
  /** Images to check the files with. Default: those that the run was trained on, or drawn faces if they are missing. */
  readonly data?: DataSource | undefined;
  /** Input of the `.onnx` formats: bytes [N, H, W, 3], or floats [N, 3, H, W] from 0 to 1. Default: uint8. */
  readonly input?: BundleInput | undefined;
  /** Bits of int8 weights. Default: what suits this processor. */
  readonly weightBits?: "auto" | 8 | 7 | undefined;
  /** Licence of the model, written into its metadata. */
  readonly license?: string | undefined;
  /**
   * The class prior that the files' probabilities are for: `trained`, `uniform`, `uniform:0.5` (half way), or shares of classes.
   * Default: the model's prior. The web format copies the model unchanged; its page shifts the probabilities.
   */
  readonly prior?: PriorChoice | undefined;
  /** The class prior that the model was trained for, as shares of all classes, if its file does not record it. */
  readonly trainedPrior?: PriorChoice | undefined;
  readonly onEvent?: OnEvent | undefined;
}

export interface ExportedFile extends CheckedFile {
  /** For the `.pth` and `.safetensors` formats: Python code that loads them into the library's own model. */
  readonly pytorch?: string;
}

/** What `export --json` prints. */
export interface ExportResult {
  readonly files: readonly ExportedFile[];
}

/** Maximum number of images on which a file is compared with the trained model. */
const IMAGES = 1000;
/** Number of images for calibrating the int8 format's ranges. */
const CALIBRATION = 256;
/** Bytes of decoded images to keep in memory, for each of these two sets. */
const MEMORY = 1e9;

/**
 * Writes each format, reads the file back and compares it with the trained model.
 *
 * @throws UsageError for an unknown format; VultusError for a file that differs from the model, which is then removed.
 */
export function exportModel(options?: ExportOptions): Promise<ExportResult>;
export function exportModel(
  model: ModelSource,
  options?: Omit<ExportOptions, "model">,
): Promise<ExportResult>;
export function exportModel(
  first: ExportOptions | ModelSource = {},
  more?: Omit<ExportOptions, "model">,
): Promise<ExportResult> {
  const options = typeof first === "string" || "bundle" in first ? { ...more, model: first } : first;
  return telling(options.onEvent, (teller) => exported(options, teller));
}

/**
 * Returns `export/` in the run folder or next to the file. For a shipped model it is in the working folder instead, so that
 * nothing is written into the package.
 */
export function defaultFolder(model: string): string {
  if (isFolder(model)) return join(model, "export");
  return isShipped(model) ? "export" : join(dirname(model), "export");
}

function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

async function exported(options: ExportOptions, teller: Teller): Promise<ExportResult> {
  const { triton } = options;
  const named = options.to ?? (triton === undefined ? ["bundle"] : []);
  const wanted = (typeof named === "string" ? [named] : named).map(formOf);
  if (triton !== undefined && !wanted.includes("triton")) wanted.push("triton");
  const converted = wanted.filter((form) => form !== "web");
  const files = converted.length > 0 ? await convertedFiles(options, converted, teller) : [];
  if (wanted.includes("web")) files.push(await siteOf(options, converted.length === 0, teller));
  return { files };
}

/** Writes the formats that are converted from the weights of one network. */
async function convertedFiles(
  options: ExportOptions,
  wanted: readonly ConvertedForm[],
  teller: Teller,
): Promise<ExportedFile[]> {
  const { triton, input = "uint8", license, weightBits: bits = "auto" } = options;
  const model = pathOf(options.model);
  const classifier = loadClassifier(bestWeights(model), options);
  const isRun = isFolder(model);
  const folder = options.out ?? defaultFolder(model);
  const recorded = {
    ...provenanceOf(classifier.metadata, classifier.path),
    ...(isRun ? runProvenance(model) : {}),
    ...(license ? { license } : {}),
  };
  const { classes } = classifier.architecture;
  const provenance = { ...recorded, ...priorsFor(options, classes, recorded, classifier.path) };
  const weightBits = bits === "auto" ? fittingBits() : bits;
  if (wanted.includes("int8") && bits === "auto" && weightBits === 7)
    teller.note(
      "int8 weights with 7 bits, because this processor has no VNNI and 8-bit products would saturate",
    );
  // The weights of a run don't record how its splits were cut.
  const judged = { ...classifier, metadata: classifierMetadata(classifier.architecture, provenance) };
  const { held, calibration, close } = await imagesFor(model, options, judged, teller);
  const engine = startEngine(chooseDevice(options, teller.note));
  const files: ExportedFile[] = [];
  const card = isRun ? cardFor(model, folder, wanted) : undefined;
  try {
    const exports = exportClassifier({
      classifier,
      provenance,
      forms: wanted,
      folder,
      triton: {
        repository: triton ?? join(folder, forms.triton),
        name: urlName(nameOf(model)),
      },
      input,
      engine,
      weightBits,
      held,
      calibration,
    });
    for await (const file of exports) {
      const { backbone } = classifier.architecture;
      const isForPytorch = file.form === "pth" || file.form === "safetensors";
      const pytorch = isForPytorch ? librarySnippet(classifier.architecture, basename(file.path)) : undefined;
      files.push({ ...file, ...(pytorch ? { pytorch } : {}) });
      if (isForPytorch && backbone.attention && backbone.origin)
        teller.note(
          `${file.path} contains attention blocks (${backbone.attention}), but ${backbone.origin.library}'s ${backbone.origin.name} has no modules for them: add these before you load the file; docs/how-to/continue-in-pytorch.md shows how`,
        );
      teller.wrote(file.path);
    }
    if (card !== undefined) {
      const { trainedPrior, prior } = provenance;
      writeFileAtomic(
        card,
        modelCardMarkdown({ ...readRun(model), prior: { classes, trainedPrior, prior } }),
      );
      teller.wrote(card);
    }
  } finally {
    await engine.close();
    close();
  }
  return files;
}

/**
 * Returns the path of the card next to a run's exports; undefined if there are no exports, or if the run's own card is there.
 *
 * @throws UsageError if it would replace a file that is not a card.
 */
function cardFor(run: string, folder: string, wanted: readonly ConvertedForm[]): string | undefined {
  if (resolve(folder) === resolve(run) || wanted.every((form) => form === "triton")) return undefined;
  const card = join(folder, "model-card.md");
  checkCard(card);
  return card;
}

/** Returns the priors to write into the files. @throws UsageError for priors that do not match the model. */
function priorsFor(
  { prior: asked, trainedPrior: given }: Pick<ExportOptions, "prior" | "trainedPrior">,
  classes: readonly string[],
  { trainedPrior: recorded, prior: present }: Priors,
  path: string,
): Priors {
  if (given !== undefined && recorded)
    throw new UsageError(
      `${path} records the class prior that it was trained for (${priorText(classes, recorded)}); leave out ${option("trainedPrior")}`,
    );
  const trainedPrior = given === undefined ? recorded : wholePrior(given, classes);
  if (!trainedPrior) {
    if (asked === undefined || asked === "trained") return {};
    throw unrecordedPrior(path);
  }
  const prior = asked === undefined ? present : chosenPriorOf(asked, classes, trainedPrior, path);
  return { trainedPrior, prior: prior && !isSamePrior(prior, trainedPrior) ? prior : undefined };
}

/**
 * Writes the page with this model. The page gets the same bundle that `predict` and `serve` use, even for an ensemble or an int8
 * export, so its predictions are the same.
 */
async function siteOf(options: ExportOptions, alone: boolean, teller: Teller): Promise<ExportedFile> {
  if (options.license !== undefined)
    throw new UsageError(
      "the web format copies the model unchanged, so --license cannot be written into it; export with --to bundle --license …, then export that file with --to web",
    );
  if (options.trainedPrior !== undefined)
    throw new UsageError(
      `the web format copies the model unchanged, so ${option("trainedPrior")} cannot be written into it; export the bundle format with it, then export that file to the web format`,
    );
  const model = pathOf(options.model);
  const bundle = withPrior(bundleOf(options.model, options), options.prior);
  const { classes } = bundle.architecture;
  const { shift } = bundle;
  const prior = shift && pagePrior(classes, shift.prior);
  const folder =
    alone && options.out !== undefined ? options.out : join(options.out ?? defaultFolder(model), forms.web);
  const path = writeSite(folder, {
    name: nameOf(model),
    bytes: bundle.program.model,
    ...(prior && { prior }),
  });
  const read = { ...loadBundle(path), ...(shift && { shift }) };
  // Without best.onnx, the bundle is compiled from weights that don't record how the run's splits were cut.
  const judged = isFolder(model)
    ? {
        ...bundle,
        metadata: { ...classifierMetadata(bundle.architecture, runProvenance(model)), ...bundle.metadata },
      }
    : bundle;
  const { held, close } = await imagesFor(model, options, judged, teller);
  const engine = startEngine(chooseDevice(options, teller.note));
  try {
    const { probabilities, picturesPerSecond } = await answersOf(engine, read, held.pictures);
    const accuracy = held.labels && accuracyOf(probabilities, held.labels, classes.length);
    teller.wrote(folder);
    return {
      form: "web",
      path: folder,
      bytes: statSync(path).size,
      picturesPerSecond,
      pictures: held.pictures.count,
      // It is the same file.
      maxProbabilityDifference: 0,
      top1Agreement: 1,
      ...(accuracy === undefined ? {} : { accuracy, trainedAccuracy: accuracy }),
    };
  } finally {
    await engine.close();
    close();
  }
}

/** Returns the name of the model for other programs: the name of its run or of its file. */
function nameOf(model: string): string {
  return isFolder(model) ? basename(resolve(model)) : basename(model, extname(model));
}

function formOf(name: string): Form {
  if (Object.hasOwn(forms, name)) return name as Form;
  const names = Object.keys(forms);
  throw new UsageError(`--to ${name} is not a format.${didYouMean(name, names)} Valid: ${names.join(", ")}`);
}

/** Returns the weights of a run rather than its bundle, so that no export is made from another export. */
function bestWeights(model: string): string {
  const best = join(model, "best.safetensors");
  return existsSync(best) ? best : model;
}

interface ChosenImages {
  readonly held: { readonly pictures: Pictures; readonly labels?: readonly number[] };
  readonly calibration: Pictures;
  close(): void;
}

/** Returns the given images, those of the run, or drawn ones; a note reports drawn ones. */
async function imagesFor(
  model: string,
  { data: given, rename, notAClass, corrections }: ExportOptions,
  judged: Judged,
  teller: Teller,
): Promise<ChosenImages> {
  const paths = runPaths(model);
  const own = existsSync(paths.environment) ? readEnvironment(paths).data : [];
  const data = given ?? own.filter((path) => existsSync(path));
  if (data instanceof Array && data.length === 0) {
    teller.note(
      "checked on drawn faces, because the training images are missing; give other images with --data",
    );
    const pictures = Array.from({ length: IMAGES }, (_, i) =>
      drawFace(expressions[i % expressions.length] as (typeof expressions)[number], "export", i),
    );
    return { held: { pictures: inMemory(pictures) }, calibration: inMemory([]), close() {} };
  }
  const { classes } = judged.architecture;
  const dataset = await openFor([judged], data, { classes, rename, notAClass, corrections });
  const { samples } = await asCutFor(judged, dataset, teller);
  const order = shuffled(samples, random("export"));
  const [apart, rest] = [
    order.filter(({ split }) => split !== "train"),
    order.filter(({ split }) => split === "train"),
  ];
  // Of a single split, the last images are used for calibration.
  const cut = Math.max(1, Math.floor(order.length / 2));
  const [checked, calibrating] =
    apart.length > 0 && rest.length > 0 ? [apart, rest] : [order.slice(0, cut), order.slice(cut)];
  const held = await decoded(checked.slice(0, IMAGES), teller);
  const calibration = await decoded(calibrating.slice(0, CALIBRATION), teller);
  return {
    held: { pictures: { ...held, count: held.samples.length }, labels: labelsOf(held) },
    calibration: { ...calibration, count: calibration.samples.length },
    close() {
      held.close();
      calibration.close();
    },
  };
}

async function decoded(samples: readonly Sample[], teller: Teller): Promise<PixelCache> {
  const pixels = await loadPixels(samples, {
    maxSide: LARGEST_SIDE,
    memoryBudget: MEMORY,
    spillDir: tmpdir(),
    allowUnreadable: true,
  });
  teller.unreadable(pixels.unreadable);
  return pixels;
}
