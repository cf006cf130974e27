/** Places validation faces on canvases, detects them there and classifies them: code shared by the framing benchmarks. */

import type { Picture } from "../src/data/dataset.ts";
import type { FaceDetector } from "../src/predict/face-detector.ts";
import { openDetector } from "../src/predict/onnx-detector.ts";
import { loadDetector } from "../src/predict/shipped-detector.node.ts";
import { loadBundle } from "../src/program/read-bundle.node.ts";
import { startEngine } from "../src/runtime/engine.node.ts";
import type { DescribedArchitecture } from "../src/weights/classifier-file.ts";
import { composite } from "../test/support/composites.ts";
import { labelsOf } from "../test/support/labels.ts";

/** Side lengths of a canvas and of the face at its centre, in pixels. */
export const CANVAS = 320;
export const FACE = 80;

export interface Judge {
  readonly architecture: DescribedArchitecture;
  readonly detector: FaceDetector;
  /** The share of face crops whose label is predicted correctly. */
  right(crops: readonly Picture[], labels: readonly string[]): Promise<number>;
  close(): Promise<void>;
}

/** A classifier (a run folder, an exported file or a name) and the shipped detector. */
export async function openJudge(model: string | undefined): Promise<Judge> {
  if (!model) throw new Error("name a model: a run folder, or an exported file");
  const engine = startEngine({ device: "cpu", threads: 2, spinning: false });
  const bundle = loadBundle(model);
  const classifier = await engine.open(bundle.program);
  return {
    architecture: bundle.architecture,
    detector: await openDetector(engine, await loadDetector()),
    async right(crops, labels) {
      const found = await labelsOf(classifier, bundle, crops);
      return labels.filter((label, i) => label === found[i]).length / labels.length;
    },
    close: () => engine.close(),
  };
}

/** A face at the centre of a canvas, rotated clockwise by `angle` degrees; `number` seeds the noise around it. */
export function laid(face: Picture, number: number, angle = 0): Picture {
  const place = { face, x: CANVAS / 2, y: CANVAS / 2, side: FACE, angle, whole: true };
  return composite(CANVAS, CANVAS, [place], number);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
