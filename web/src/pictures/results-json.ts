/** Results in the format of `vultus predict --json`: one element per image, in order. */

import { labelOf, type Prediction } from "../../../src/predict/prediction.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import type { PictureItem } from "./use-pictures.ts";

interface Element extends Omit<Prediction, "status"> {
  readonly model?: string;
  /** `failed` if the image can be read but the model has no result. */
  readonly status: Prediction["status"] | "failed";
}

/** With several models, each image has one element per model, which names the model. */
export function resultsJson(
  items: readonly PictureItem[],
  models: readonly ModelInfo[],
  threshold: number,
): string {
  const elements = items.flatMap(({ file: { name: file }, result, error }) =>
    models.map(({ id, name }): Element => {
      const model = models.length > 1 ? { model: name } : {};
      const found = result?.models.find((answer) => answer.model === id);
      if (!found || found.error !== undefined) {
        const { status, reason } = error ?? { status: "failed", reason: found?.error ?? "not looked at" };
        return { file, ...model, status, faces: [], reason };
      }
      const faces = found.faces.map((face) => ({ ...face, label: labelOf(face.probabilities, threshold) }));
      const status = faces.length > 0 ? "ok" : "no_face";
      return { file, ...model, status, ...(found.prior && { prior: found.prior }), faces };
    }),
  );
  return `${JSON.stringify(elements, null, 1)}\n`;
}
