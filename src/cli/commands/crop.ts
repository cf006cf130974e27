/** `vultus data crop`: cuts face crops out of photos, to train on. */

import { Command, Option } from "commander";
import { UnclearNames } from "../../data/class-names.ts";
import { readDataset } from "../../data/read.node.ts";
import { type CropOptions, type CroppedFolder, type CropResult, crop, faceRules } from "../../jobs/crop.ts";
import { counted } from "../../util/counted.ts";
import { callTo } from "../../util/spelling.ts";
import { untilInterrupted } from "../interrupts.ts";
import {
  type DetectorFlags,
  detectorOf,
  moreFaces,
  numberOf,
  type SetExitCode,
  withDetector,
  withDevice,
} from "../options.ts";
import { clearLine, result, resultJson } from "../output.ts";
import { printer } from "../progress.ts";

interface Options extends Omit<CropOptions, "data" | "detector" | "signal" | "onEvent">, DetectorFlags {
  readonly json?: boolean;
}

export function cropCommand(setExitCode: SetExitCode): Command {
  return withDetector(withDevice(new Command("crop")))
    .description("cut the faces out of photos, framed as predict frames them, into folders to train on")
    .argument(
      "<photos...>",
      "folders, with or without classes and splits, or CSV files that list photos in a column named path",
    )
    .requiredOption(
      "--out <dir>",
      "folder for the crops; if interrupted, run the same command again to continue",
    )
    .addOption(
      new Option(
        "--faces <which>",
        "which faces to crop: the largest of each photo, all of them, or only those of photos with a single face",
      )
        .choices(faceRules)
        .default("largest"),
    )
    .option(
      "--size <px>",
      "side length of every crop (default: the size of the face in its photo, at most 320)",
      numberOf(16, 4096, true),
    )
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nClass and split folders keep their names. Photos are not changed. crop-report.csv lists the result for each photo.",
    )
    .action(
      async (
        data: string[],
        { json, detector, detectorSize, detectorThreshold, rotate, ...options }: Options,
      ) => {
        const flags = { detector, detectorSize, detectorThreshold, rotate };
        const written = await untilInterrupted((signal) =>
          crop({
            ...options,
            data,
            detector: detectorOf(flags),
            signal,
            onEvent: printer(setExitCode),
          }),
        );
        clearLine();
        if (written.crops === 0) setExitCode(1);
        if (json) resultJson(written);
        else {
          const { faces, size, device, threads } = options;
          const beside = `${options.out.replace(/[\\/]+$/, "")}-${detector === "fast" ? "thorough" : "rotated"}`;
          const again = {
            ...{ data, out: beside, size, threads },
            ...flags,
            faces: faces === "largest" ? undefined : faces,
            device: device === "auto" ? undefined : device,
          };
          const hint = written.withoutFace > 0 ? moreFaces("crop", flags, again) : undefined;
          const next = (await isTrainable(written))
            ? `next: ${callTo("train", { data: written.data })}`
            : undefined;
          result([cropText(written), hint, next].filter((line) => line !== undefined).join("\n"));
        }
      },
    );
}

/** Whether the crops have classes, even if some class names are unclear. */
async function isTrainable({ crops, data }: CropResult): Promise<boolean> {
  if (crops === 0) return false;
  return readDataset(data).then(
    () => true,
    (error: unknown) => error instanceof UnclearNames,
  );
}

const columns: readonly [title: string, count: (counts: Omit<CroppedFolder, "folder">) => number][] = [
  ["photos", ({ photos }) => photos],
  ["crops", ({ crops }) => crops],
  ["no face", ({ withoutFace }) => withoutFace],
  ["several", ({ withSeveral }) => withSeveral],
  ["unreadable", ({ unreadable }) => unreadable],
];

/** One line per folder, then the paths of the crops and of the report. */
function cropText(written: CropResult): string {
  const { data, report, folders, crops, before } = written;
  const width = Math.max(6, ...folders.map(({ folder }) => folder.length)) + 2;
  const row = (name: string, cells: readonly (string | number)[]): string =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(12)).join("")}`;
  const counts = (of: Omit<CroppedFolder, "folder">): number[] => columns.map(([, count]) => count(of));
  return [
    row(
      "folder",
      columns.map(([title]) => title),
    ),
    ...folders.map(({ folder, ...own }) => row(folder, counts(own))),
    ...(folders.length > 1 ? [row("total", counts(written))] : []),
    "",
    ...(before > 0 ? [`${counted(before, "photo")} ${before === 1 ? "was" : "were"} already done`] : []),
    crops > 0 ? `crops: ${data.join(", ")}` : "no faces found; are these photos of people?",
    `result for each photo: ${report}`,
  ].join("\n");
}
