/** `vultus explain`: where the model looked, as heat maps over faces, and how far such maps can be trusted. */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import { stratifiedSample } from "../../data/stratified.ts";
import { averageMaps } from "../../evaluate/average-maps.ts";
import { type AreaScore, type MapScores, scoreMaps } from "../../evaluate/deletion-insertion.ts";
import { labelsOf } from "../../evaluate/evaluate.node.ts";
import { explainPictures } from "../../evaluate/explain.ts";
import { openDetector } from "../../predict/onnx-detector.ts";
import { loadDetector } from "../../predict/shipped-detector.node.ts";
import { type ExplainMethod, explainMethods } from "../../program/explain.ts";
import { averageMapsPng } from "../../report/heat-map.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import type { Engine } from "../../runtime/engine.ts";
import { UsageError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.node.ts";
import { didYouMean } from "../../util/nearest.ts";
import { type Classifier, loadClassifier } from "../../weights/load.node.ts";
import { shippedModel } from "../../weights/shipped.node.ts";
import { chooseDevice } from "../device.ts";
import { type ExplainedPhoto, explainedLines, explainPhotos } from "../explained-photos.ts";
import { type LabelledOptions, readLabelled, withLabelled } from "../labelled-pictures.ts";
import { listOf, numberOf, type SetExitCode, withDevice } from "../options.ts";
import { liveLine, result, resultJson, say } from "../output.ts";

interface Options extends LabelledOptions {
  readonly model?: string;
  readonly detect: boolean;
  readonly method: ExplainMethod;
  readonly class?: string;
  readonly data?: readonly string[];
  readonly pictures: number;
  readonly out: string;
  readonly device: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** Of a folder of labelled pictures. */
interface Summary {
  readonly split: string;
  readonly pictures: number;
  readonly average: string;
  readonly scores: MapScores;
}

export function explainCommand(setExitCode: SetExitCode): Command {
  return withDevice(withLabelled(new Command("explain")))
    .description("show where a model looked: heat maps over faces, and how far such maps can be trusted")
    .argument("[photos...]", "files, folders, patterns")
    .option(
      "--model <path>",
      "run folder, or a file that a run or an export wrote (default: the model that ships)",
    )
    .option("--no-detect", "take every photo as one face crop")
    .addOption(new Option("--method <name>", "how maps are made").choices(explainMethods).default("grad-cam"))
    .option("--class <name>", "the class to explain (default: the one that the model answers)")
    .option("--out <dir>", "where pictures are written", "explained")
    .option(
      "--data <a,b,…>",
      "folders or CSV files with labelled pictures: the mean map of each class, deletion and insertion scores",
      listOf,
    )
    .option(
      "--pictures <n>",
      "how many pictures of --data, a sample of every class",
      numberOf(1, 1e6, true),
      100,
    )
    .option("--json", "print JSON")
    .action(async (photos: string[], options: Options) => {
      const { method, out, data } = options;
      if (photos.length === 0 && !data)
        throw new UsageError("no photos given; name some, or a folder of labelled pictures with --data");
      const classifier = loadClassifier(options.model ?? shippedModel());
      const target = classNamed(options.class, classifier.architecture.classes);
      const { device, threads } = chooseDevice(options);
      mkdirSync(out, { recursive: true });
      const engine = startEngine({ device, threads });
      try {
        const detector =
          photos.length > 0 && options.detect ? await openDetector(engine, loadDetector()) : undefined;
        const rows: ExplainedPhoto[] = [];
        const explained = explainPhotos(engine, classifier, photos, { method, target, detector, out });
        for await (const row of explained) {
          rows.push(row);
          if (row.status !== "ok") setExitCode(1);
          if (row.reason !== undefined) say(`${row.file}: ${row.reason}`);
          liveLine(`${rows.length} photos`);
        }
        const summary = data && (await explainData(engine, classifier, data, options, setExitCode));
        if (summary) say(`wrote ${summary.average}`);
        if (options.json) resultJson({ method, photos: rows, ...(summary ? { data: summary } : {}) });
        else result([...explainedLines(rows), ...(summary ? summaryLines(summary) : [])].join("\n"));
      } finally {
        await engine.close();
      }
    });
}

function classNamed(name: string | undefined, classes: readonly string[]): number | undefined {
  if (name === undefined) return undefined;
  const found = classes.indexOf(name);
  if (found < 0)
    throw new UsageError(
      `the model has no class "${name}".${didYouMean(name, classes)} Valid: ${classes.join(", ")}`,
    );
  return found;
}

/** The mean map of each class, of its own pictures, and the scores of the maps of what the model answers. */
async function explainData(
  engine: Engine,
  classifier: Classifier,
  data: readonly string[],
  options: Options,
  setExitCode: SetExitCode,
): Promise<Summary> {
  const { method, out } = options;
  const { classes } = classifier.architecture;
  const { split, pixels } = await readLabelled(data, [classifier], options);
  if (pixels.unreadable.length > 0) setExitCode(1);
  try {
    const labels = labelsOf(pixels);
    const chosen = stratifiedSample(labels, options.pictures, "explain");
    if (chosen.length === 0)
      throw new UsageError("there are no pictures to explain; check the folder and --split");
    say(`${chosen.length} of ${labels.length} pictures of ${split}`);
    const ofTruth = await explainPictures(engine, classifier, pixels, chosen, {
      method,
      target: (index) => labels[index],
    });
    const average = join(out, `mean-${method === "grad-cam" ? "grad-cam" : "grad-cam-plus-plus"}.png`);
    writeFileAtomic(average, await averageMapsPng(averageMaps(ofTruth, classes.length), classes, method));
    const ofAnswer = await explainPictures(engine, classifier, pixels, chosen, { method });
    const scores = await scoreMaps(engine, classifier, ofAnswer, (done) =>
      liveLine(`deletion and insertion: ${done} of ${chosen.length}`),
    );
    return { split, pictures: chosen.length, average, scores };
  } finally {
    pixels.close();
  }
}

function summaryLines({ scores }: Summary): string[] {
  const line = (name: string, { map, random, difference: [low, high] }: AreaScore, better: string): string =>
    `${name.padEnd(10)} ${map.toFixed(4)}, cells shuffled ${random.toFixed(4)}: difference ${(map - random).toFixed(4)} ` +
    `(95 % interval ${low.toFixed(4)} to ${high.toFixed(4)}); ${better} is better`;
  return [
    `area under the probability of the answer, ${scores.pictures} pictures, ${scores.steps} steps`,
    line("deletion", scores.deletion, "lower"),
    line("insertion", scores.insertion, "higher"),
  ];
}
