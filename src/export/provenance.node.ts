/** Reads the provenance of a classifier from its run folder. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { z } from "zod";
import { eachMetric } from "../metrics/registry.ts";
import { calibrationTargets } from "../metrics/temperature.ts";
import { parseJson, readEnvironment, readTrainingImages, runPaths } from "../train/run-folder.node.ts";
import { readBytes } from "../util/files.node.ts";
import type { Provenance } from "../weights/classifier-file.ts";

/** The part of evaluation.json that is stored in a model: everything except per-class figures. */
const metricsSchema = z.object({
  n: z.number(),
  split: z.string(),
  accuracy: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  ...eachMetric(() => z.number().nullish()),
  /** Missing in runs from before calibration existed. The target is missing in runs from before there was a choice. */
  calibration: z
    .object({ temperature: z.number(), fittedTo: z.enum(calibrationTargets).optional() })
    .optional(),
});

/** Returns the provenance of the run in `folder`, leaving out what the folder does not contain. */
export function runProvenance(folder: string): Provenance {
  const paths = runPaths(folder);
  const environment = existsSync(paths.environment) ? readEnvironment(paths) : undefined;
  const trainingImages = readTrainingImages(paths);
  return {
    ...(environment
      ? {
          dataFingerprint: environment.fingerprint,
          ...(environment.cut && { cut: environment.cut }),
          ...(environment.rename && { rename: environment.rename }),
          ...(environment.notAClass && { notAClass: environment.notAClass }),
          vultusVersion: environment.vultus,
        }
      : {}),
    ...(trainingImages && { trainingImages }),
    ...(existsSync(paths.recipe)
      ? { recipeSha256: createHash("sha256").update(readBytes(paths.recipe)).digest("hex") }
      : {}),
    ...(existsSync(paths.evaluation) ? measured(parseJson(paths.evaluation, metricsSchema)) : {}),
  };
}

function measured({ calibration, ...metrics }: z.infer<typeof metricsSchema>): Provenance {
  if (!calibration) return { metrics };
  return { metrics, temperature: calibration.temperature, calibratedTo: calibration.fittedTo };
}
