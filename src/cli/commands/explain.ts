/** `vultus explain`: where the model looked, as heat maps over pictures, and how far such maps can be trusted. */

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { Command, Option } from "commander";
import type { Sample } from "../../data/dataset.ts";
import { loadPixels, type PixelCache } from "../../data/pixel-cache.node.ts";
import { stratifiedSample } from "../../data/stratified.ts";
import { averageMaps } from "../../evaluate/average-maps.ts";
import { type AreaScore, type MapScores, scoreMaps } from "../../evaluate/deletion-insertion.ts";
import { LARGEST_SIDE, labelsOf } from "../../evaluate/evaluate.node.ts";
import { type Explanation, explainPictures } from "../../evaluate/explain.ts";
import { type ExplainMethod, explainMethods } from "../../program/explain.ts";
import { averageMapsPng, explanationPng } from "../../report/heat-map.ts";
import { startEngine } from "../../runtime/engine.node.ts";
import type { Engine } from "../../runtime/engine.ts";
import { UsageError } from "../../util/errors.ts";
import { writeFileAtomic } from "../../util/files.node.ts";
import { didYouMean } from "../../util/nearest.ts";
import { type Classifier, loadClassifier } from "../../weights/load.node.ts";
import { chooseDevice } from "../device.ts";
import { type LabelledOptions, readLabelled, withLabelled } from "../labelled-pictures.ts";
import { listOf, numberOf, type SetExitCode, withDevice } from "../options.ts";
import { liveLine, percent, result, resultJson, say } from "../output.ts";

interface Options extends LabelledOptions {
  readonly model: string;
  readonly method: ExplainMethod;
  readonly class?: string;
  readonly data?: readonly string[];
  readonly pictures: number;
  readonly out: string;
  readonly device: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** What became of one picture. */
interface Row {
  readonly file: string;
  readonly status: "ok" | "unreadable";
  readonly reason?: string;
  readonly label?: string;
  /** The class that the map is of. */
  readonly explained?: string;
  readonly probabilities?: Readonly<Record<string, number>>;
  /** The picture that was written. */
  readonly overlay?: string;
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
    .description("show where a model looked: heat maps over face crops, and how far they can be trusted")
    .argument("[pictures...]", "picture files, each one face")
    .addOption(
      new Option(
        "--model <path>",
        "run folder, or a file that a run or an export wrote (.onnx, .safetensors, .pth)",
      ).makeOptionMandatory(),
    )
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
    .action(async (files: string[], options: Options) => {
      if (files.length === 0 && !options.data)
        throw new UsageError("no pictures given; name some, or a folder of labelled ones with --data");
      const classifier = loadClassifier(options.model);
      const target = classNamed(options.class, classifier.architecture.classes);
      const { device, threads } = chooseDevice(options);
      mkdirSync(options.out, { recursive: true });
      const engine = startEngine({ device, threads });
      try {
        const rows = await explainFiles(engine, classifier, files, target, options);
        for (const { file, status, reason } of rows) {
          if (status === "ok") continue;
          say(`${file}: ${reason}`);
          setExitCode(1);
        }
        const summary = options.data && (await explainData(engine, classifier, options.data, options));
        if (summary) say(`wrote ${summary.average}`);
        if (options.json)
          resultJson({ method: options.method, pictures: rows, ...(summary ? { data: summary } : {}) });
        else result([...rowLines(rows), ...(summary ? summaryLines(summary) : [])].join("\n"));
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

/** Explains every file, in order, and writes its overlay. */
async function explainFiles(
  engine: Engine,
  classifier: Classifier,
  files: readonly string[],
  target: number | undefined,
  { method, out, memory }: Options,
): Promise<Row[]> {
  if (files.length === 0) return [];
  const samples = files.map(
    (path): Sample => ({ id: path, source: { kind: "file", path }, label: 0, split: "test" }),
  );
  const pixels = await loadPixels(samples, {
    maxSide: LARGEST_SIDE,
    memoryBudget: memory * 1e9,
    spillDir: tmpdir(),
    allowUnreadable: true,
  });
  try {
    const { classes } = classifier.architecture;
    const nameOf = freeNames();
    const explained = await explainAll(engine, classifier, pixels, { method, target });
    const rows: Row[] = [];
    for (const sample of samples) {
      const file = sample.id;
      const explanation = explained[pixels.samples.indexOf(sample)];
      if (!explanation) {
        const reason = pixels.unreadable.find(({ id }) => id === file)?.reason ?? "cannot be read";
        rows.push({ file, status: "unreadable", reason });
        continue;
      }
      const overlay = join(out, `${nameOf(file)}.png`);
      writeFileAtomic(overlay, await explanationPng(explanation, { classes, file: basename(file), method }));
      rows.push({
        file,
        status: "ok",
        label: classes[explanation.predicted] as string,
        explained: classes[explanation.target] as string,
        probabilities: Object.fromEntries(
          classes.map((name, k) => [name, explanation.probabilities[k] as number]),
        ),
        overlay,
      });
    }
    return rows;
  } finally {
    pixels.close();
  }
}

/** Every picture of a cache. */
function explainAll(
  engine: Engine,
  classifier: Classifier,
  pixels: PixelCache,
  options: { readonly method: ExplainMethod; readonly target: number | undefined },
): Promise<Explanation[]> {
  const { method, target } = options;
  const indices = pixels.samples.map((_, i) => i);
  return explainPictures(engine, classifier, pixels, indices, {
    method,
    ...(target === undefined ? {} : { target }),
    onBatch: (done) => liveLine(`explaining ${done} of ${indices.length}`),
  });
}

/** The mean map of each class, of its own pictures, and the scores of the maps of what the model answers. */
async function explainData(
  engine: Engine,
  classifier: Classifier,
  data: readonly string[],
  options: Options,
): Promise<Summary> {
  const { method, out } = options;
  const { classes } = classifier.architecture;
  const { split, pixels } = await readLabelled(data, classes, options);
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

/** File names without their folder and ending; a name that occurs again gets a number. */
function freeNames(): (file: string) => string {
  const taken = new Set<string>();
  return (file) => {
    const stem = basename(file, extname(file));
    let name = stem;
    for (let count = 2; taken.has(name); count++) name = `${stem}-${count}`;
    taken.add(name);
    return name;
  };
}

function rowLines(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(({ file }) => file.length));
  return rows.map(({ file, status, label, explained, probabilities, overlay }) => {
    if (status !== "ok") return `${file.padEnd(width)}  ${status}`;
    const shown = (name: string | undefined): string =>
      `${name} ${percent(probabilities?.[name as string] ?? 0)}`;
    const other = explained === label ? "" : `; explained: ${shown(explained)}`;
    return `${file.padEnd(width)}  ${shown(label)}${other}  ${overlay}`;
  });
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
