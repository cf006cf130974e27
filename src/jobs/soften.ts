/** Gives training images soft labels, a mix of their labels and the predictions of trained models, and writes a manifest. */

import { checkComparable } from "../evaluate/compare.node.ts";
import { softened, teachersAnswers } from "../evaluate/teachers.node.ts";
import { argmaxRows } from "../metrics/probabilities.ts";
import { startEngine } from "../runtime/engine.node.ts";
import { UsageError } from "../util/errors.ts";
import { bundleOf, type DataSource, type ModelSource, type NamingOptions, pathOf } from "./data.ts";
import { chooseDevice, type DeviceOptions } from "./device.ts";
import { type OnEvent, type Teller, telling } from "./events.ts";
import { decoded, openFor } from "./labelled-pictures.ts";
import { newManifest } from "./manifest.ts";

/** Default weight of the models' predictions in a soft label. */
export const SOFTENED_SHARE = 0.5;

export interface SoftenOptions extends DeviceOptions, NamingOptions {
  readonly data: DataSource;
  /** The models, all with the same classes. */
  readonly by: readonly ModelSource[];
  /** The manifest to write, a CSV file that a training reads. It must not exist yet. */
  readonly out: string;
  /** Weight of the models' predictions in a soft label, from 0 to 0.5. Default: 0.5. */
  readonly share?: number | undefined;
  readonly exclude?: string | undefined;
  readonly allowUnreadable?: boolean | undefined;
  /** Gigabytes of decoded images. Default: 2. */
  readonly memory?: number | undefined;
  readonly onEvent?: OnEvent | undefined;
}

/** What `data soften --json` prints. */
export interface SoftenResult {
  readonly manifest: string;
  readonly models: readonly string[];
  readonly share: number;
  /** Number of images that got a soft label. */
  readonly softened: number;
  /** Share of images whose label equals the models' prediction. */
  readonly agreement: number;
}

/** Writes the manifest. @throws UsageError for models with different classes, or if there are no training images. */
export function soften(options: SoftenOptions): Promise<SoftenResult> {
  return telling(options.onEvent, (teller) => softening(options, teller));
}

async function softening(options: SoftenOptions, teller: Teller): Promise<SoftenResult> {
  const { data, out, share = SOFTENED_SHARE, exclude } = options;
  const { rename, notAClass, corrections } = options;
  const manifest = newManifest(out);
  const teachers = options.by.map((model) => bundleOf(model));
  const [first] = teachers;
  if (!first) throw new UsageError("--by names no model; give run folders or files, separated by commas");
  for (const teacher of teachers) checkComparable(first, teacher);
  const { classes } = first.architecture;
  const dataset = await openFor(teachers, data, { classes, exclude, rename, notAClass, corrections });
  for (const note of dataset.notes) teller.note(note);
  manifest.check(dataset);
  const training = dataset.samples.filter(({ split }) => split === "train");
  if (training.length === 0)
    throw new UsageError(
      "this data has no training images to soften; give a folder with train/, or a manifest",
    );
  const pixels = await decoded(training, options, teller);
  const engine = startEngine(chooseDevice(options, teller.note));
  try {
    const answers = await teachersAnswers(engine, teachers, pixels, (done, total) =>
      teller.progress("asking the teachers", done, total),
    );
    const soft = softened(pixels.samples, answers, classes.length, share);
    const others = dataset.samples.filter(({ split }) => split !== "train");
    manifest.write({ ...dataset, classes, samples: [...soft, ...others] });
    teller.wrote(out);
    const answered = argmaxRows(answers, classes.length);
    const agreement = soft.filter(({ label }, n) => answered[n] === label).length / soft.length;
    return { manifest: out, models: options.by.map(pathOf), share, softened: soft.length, agreement };
  } finally {
    pixels.close();
    await engine.close();
  }
}
