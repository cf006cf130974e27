/** `vultus predict`: finds the faces in photos and classifies their expressions. */

import { existsSync } from "node:fs";
import { Command, Option } from "commander";
import { VIDEO_HEAD } from "../../data/sniff-video.ts";
import { chooseDevice, type DeviceOptions } from "../../jobs/device.ts";
import { chooseDetector } from "../../predict/detector-choice.node.ts";
import { type PhotoSource, photoSources, readPhotos, wholeOf } from "../../predict/inputs.node.ts";
import { loadModel, type Model } from "../../predict/model.node.ts";
import type { Prediction } from "../../predict/prediction.ts";
import { predictPhotos, type ReadPhoto } from "../../predict/predictor.ts";
import { isNamedAsVideo, isVideo, kindOf } from "../../predict/video-file.node.ts";
import { statedPrior } from "../../program/bundle-prior.ts";
import { ahead } from "../../util/ahead.ts";
import { counted } from "../../util/counted.ts";
import { messageOf, UsageError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.node.ts";
import { type Peeked, peeked } from "../../util/peeked.ts";
import { type Options as CallOptions, callTo } from "../../util/spelling.ts";
import { type Annotate, annotateInto } from "../annotations.ts";
import {
  type DetectorFlags,
  detectorFlags,
  detectorOf,
  moreFaces,
  numberOf,
  type SetExitCode,
  secondsOf,
  withDetector,
  withDevice,
  withPriorOption,
} from "../options.ts";
import { duration, liveLine, result, resultAsIs, say } from "../output.ts";
import {
  csvFormat,
  jsonFormat,
  jsonLinesFormat,
  type PredictionFormat,
  tableFormat,
} from "../predictions.ts";
import { formOfFile, openResults } from "../results-file.ts";
import { type IsOurs, shardOf } from "../shard.ts";
import { widthOf } from "../terminal.ts";
import { inTemporaryFile, predictOneVideo, usualVideo } from "../video.ts";

interface Options extends DeviceOptions, DetectorFlags {
  readonly model?: string;
  readonly detect: boolean;
  readonly faces: "all" | "largest";
  readonly threshold: number;
  readonly prior?: string;
  readonly json?: boolean;
  readonly jsonl?: boolean;
  readonly csv?: boolean;
  readonly out?: string;
  readonly resume?: boolean;
  readonly shard?: IsOurs;
  readonly annotate?: string;
  readonly every?: number;
  readonly smooth?: number;
  readonly chart?: string;
  readonly allowUrls: boolean;
  readonly exitZero: boolean;
}

export function predictCommand(setExitCode: SetExitCode): Command {
  return withPriorOption(withDetector(withDevice(new Command("predict")), "thorough, for videos too"))
    .description("find the faces in photos or a video, and classify their expressions")
    .argument("<photos...>", "files, folders, patterns, - for standard input; or one video")
    .option(
      "--model <path>",
      "run folder, file written by a run or an export, vultus_m or vultus_s (default: vultus_m)",
    )
    .option("--no-detect", "treat every photo as one face crop")
    .addOption(
      new Option("--faces <which>", "which faces of a photo to classify")
        .choices(["all", "largest"])
        .default("all"),
    )
    .option(
      "--threshold <share>",
      'label a face "not sure" if its highest probability is below this',
      numberOf(0, 1),
      0,
    )
    .option("--json", "print JSON")
    .option("--jsonl", "print JSON lines")
    .option("--csv", "print CSV")
    .option(
      "--out <file>",
      "write predictions to this .jsonl or .csv file as they come, instead of printing them",
    )
    .option("--resume", "continue the file of --out, and skip the photos that it already holds")
    .option(
      "--shard <i/n>",
      "process only one of n shares of the photos, for n processes or machines; results merge joins their files",
      shardOf,
    )
    .option("--annotate <folder>", "also write the photos with boxes and labels, as JPEG, to this new folder")
    .option(
      "--every <time>",
      `for a video: time between analysed frames (default: ${usualVideo.every}s)`,
      secondsOf,
    )
    .option(
      "--smooth <time>",
      `for a video: time over which probabilities are smoothed (default: ${usualVideo.smooth}s)`,
      secondsOf,
    )
    .option("--chart <file>", "for a video: also draw its timeline, as .svg or .png")
    .option("--allow-urls", "fetch photos given as http:// or https:// addresses", false)
    .option("--exit-zero", "exit with 0 even if photos have no face or cannot be read", false)
    .action(async (inputs: string[], options: Options) => {
      if (options.resume && !options.out)
        throw new UsageError("--resume continues the file of --out; name it");
      const video = inputs.length > 1 ? inputs.find(isNamedAsVideo) : undefined;
      if (video) throw new UsageError(`${video} is a video; ${alone(video)}`);
      const [only = ""] = inputs;
      const standardInput = inputs.includes("-") ? await peeked(process.stdin, VIDEO_HEAD) : undefined;
      const isOfVideo =
        inputs.length === 1 && (standardInput ? kindOf(standardInput.head) === "video" : isVideo(only));
      checkOptions(options, isOfVideo);
      const { device, threads } = chooseDevice(options, say);
      const model = await loadModel({
        model: options.model,
        prior: options.prior,
        device,
        threads,
        // Resolved here rather than by the model, which could not pass on messages about the hub.
        detector: options.detect && (await chooseDetector(detectorOf(options), { onNote: say })),
      });
      try {
        const ofVideo = (path: string): Promise<boolean> => predictOneVideo(model, path, options, only);
        const onBadPhoto: SetExitCode = (code) => options.exitZero || setExitCode(code);
        if (!isOfVideo) await predictAll(model, inputs, options, onBadPhoto, standardInput);
        else if (!(await (standardInput ? inTemporaryFile(standardInput.all(), ofVideo) : ofVideo(only))))
          setExitCode(1);
      } finally {
        await model.close();
      }
    });
}

/** Advice for a video that was given together with photos. */
function alone(file: string): string {
  return /^https?:/i.test(file)
    ? "download it and pass it alone"
    : `pass it alone: \`${callTo("predict", { data: [file] })}\``;
}

function withAdvice(photo: ReadPhoto, prediction: Prediction): Prediction {
  if (!("reason" in photo) || photo.code !== "video") return prediction;
  return { ...prediction, reason: `${photo.reason}; ${alone(photo.file)}` };
}

/** Number of photos whose names determine the width of the table's first column. A longer name further on shifts its row. */
const NAMES_FOR_WIDTH = 1000;

const ofPhotos = ["annotate", "resume", "shard"] as const;
const ofVideos = ["every", "smooth", "chart"] as const;

/** @throws UsageError for options that would have no effect. */
function checkOptions(options: Options, video: boolean): void {
  const other = (video ? ofPhotos : ofVideos).find((name) => options[name] !== undefined);
  if (other) throw new UsageError(`--${other} is for ${video ? "photos, but this is a video" : "a video"}`);
  const forms = (["json", "jsonl", "csv"] as const).filter((name) => options[name]);
  if (forms.length > 1) throw new UsageError("choose one of --json, --jsonl and --csv");
  if (options.out === undefined) return;
  const form = formOfFile(options.out);
  if (forms[0]) throw new UsageError(`--out ${options.out} is written as ${form}; leave out --${forms[0]}`);
}

async function predictAll(
  { classes, classifier, detector }: Model,
  inputs: readonly string[],
  options: Options,
  setExitCode: SetExitCode,
  peekedInput: Peeked | undefined,
): Promise<void> {
  const { out, annotate: folder, resume = false, shard = () => true, allowUrls } = options;
  const prior = statedPrior(classifier.bundle);
  const file = out === undefined ? undefined : await openResults(out, { classes, resume, prior });
  const annotate = folder === undefined ? undefined : annotateInto(folder, resume);
  const except = [out, folder].filter((path) => path !== undefined);
  const standardInput = peekedInput && (() => wholeOf(peekedInput.all()));
  const counts = { photos: 0, faces: 0, none: 0, unreadable: 0, unreadableBefore: 0 };
  const onDone = (name: string, status: string): void => {
    if (status !== "ok") setExitCode(1);
    if (status !== "unreadable") return;
    counts.unreadableBefore++;
    say(`${name}: unreadable in the earlier run`);
  };
  const named = filtered(photoSources(inputs, { allowUrls, except, standardInput }), shard);
  const sources = ahead(notDone(named, file?.done, onDone));
  const format = file?.format ?? formatOf(options, classes, () => sources.peek(NAMES_FOR_WIDTH));
  const print = options.json || options.jsonl || options.csv ? resultAsIs : result;
  const write = file ? file.append : (lines: readonly string[]): void => lines.forEach(print);
  const started = performance.now();
  const found = predictPhotos(readPhotos(sources), classifier, detector, options);
  for await (const { photo, prediction: plain } of found) {
    const prediction = withAdvice(photo, plain);
    const shown = await annotated(prediction, annotate && (() => annotate(photo, prediction)), setExitCode);
    if (!file && counts.photos === 0) write(format.head);
    write(format.lines(shown, counts.photos));
    count(counts, prediction);
    if (prediction.reason !== undefined) say(`${prediction.file}: ${prediction.reason}`);
    if (prediction.status !== "ok") setExitCode(1);
    const rate = (1000 * counts.photos) / (performance.now() - started);
    liveLine(
      `${counted(counts.photos, "photo")}, ${counted(counts.faces, "face")}, ${rate.toFixed(1)} photos/s`,
    );
  }
  // A shard may be empty. Its file must exist all the same, since `results merge` expects it.
  if (options.shard && out !== undefined && !existsSync(out)) writeFileAtomic(out, "");
  if (counts.photos === 0 && !file?.done.size && !options.shard)
    throw new UsageError(`no images found in ${inputs.join(", ")}`);
  if (!file) write(format.tail);
  if (counts.photos !== 1 || file)
    say(summary(counts, file?.done.size ?? 0, (performance.now() - started) / 1000));
  const hint =
    counts.none > 0 && options.detect ? moreFaces("predict", options, again(inputs, options)) : undefined;
  if (hint !== undefined && !inputs.includes("-")) say(hint);
}

/** Options that repeat this call but print the result, since its output files exist by now. */
function again(inputs: readonly string[], options: Options): CallOptions {
  const { model, faces, threshold, prior, device, threads, json, jsonl, csv, allowUrls } = options;
  return {
    ...{ data: inputs, model, threads },
    ...detectorFlags(options),
    faces: faces === "all" ? undefined : faces,
    threshold: threshold === 0 ? undefined : threshold,
    prior,
    device: device === "auto" ? undefined : device,
    json: json || undefined,
    jsonl: jsonl || undefined,
    csv: csv || undefined,
    allowUrls: allowUrls || undefined,
  };
}

/** `unreadableBefore` counts rows of the file being continued. */
type Counts = { photos: number; faces: number; none: number; unreadable: number; unreadableBefore: number };

function count(counts: Counts, { status, faces }: Prediction): void {
  counts.photos++;
  counts.faces += faces.length;
  if (status === "no_face") counts.none++;
  if (status === "unreadable") counts.unreadable++;
}

function summary(
  { photos, faces, none, unreadable, unreadableBefore }: Counts,
  done: number,
  seconds: number,
): string {
  const parts = [`${counted(photos, "photo")} in ${duration(seconds)}`, counted(faces, "face")];
  if (none > 0) parts.push(`${none} without a face`);
  if (unreadable > 0) parts.push(`${unreadable} that cannot be read`);
  const before = unreadableBefore > 0 ? ` (${unreadableBefore} cannot be read)` : "";
  if (done > 0) parts.push(`${done} ${done === 1 ? "was" : "were"} already done${before}`);
  return parts.join(", ");
}

function formatOf(
  { json, jsonl, csv }: Options,
  classes: readonly string[],
  first: () => readonly PhotoSource[],
): PredictionFormat {
  if (json) return jsonFormat;
  if (jsonl) return jsonLinesFormat;
  if (csv) return csvFormat(classes);
  // Rows are printed as they come, so the width of the first column must be known beforehand.
  const nameWidth = first().reduce((width, { file }) => Math.max(width, file.length), "file".length);
  return tableFormat(classes, nameWidth, widthOf());
}

/** Yields the photos of this process's shard. */
function* filtered(sources: Iterable<PhotoSource>, isOurs: IsOurs): Generator<PhotoSource> {
  for (const source of sources) if (isOurs(source.file)) yield source;
}

/** Yields the photos that are left; calls `onDone` for each photo that is skipped. */
function* notDone(
  sources: Iterable<PhotoSource>,
  done: ReadonlyMap<string, string> | undefined,
  onDone: (file: string, status: string) => void,
): Generator<PhotoSource> {
  for (const source of sources) {
    const status = done?.get(source.file);
    if (status === undefined) yield source;
    else onDone(source.file, status);
  }
}

/** Returns the prediction with the path of its annotated photo. A photo that can't be annotated keeps its row. */
async function annotated(
  prediction: Prediction,
  annotate: (() => ReturnType<Annotate>) | undefined,
  setExitCode: SetExitCode,
): Promise<Prediction> {
  const path = await annotate?.().catch((error: unknown) => {
    say(`${prediction.file}: could not be annotated: ${messageOf(error)}`);
    setExitCode(1);
    return undefined;
  });
  return path === undefined ? prediction : { ...prediction, annotated: path };
}
