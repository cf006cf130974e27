/** Where a model looked: Grad-CAM over sample faces, and the mean map of each predicted class. */

import type { Picture } from "../../data/dataset.ts";
import { averageMaps } from "../../evaluate/average-maps.ts";
import type { Explanation } from "../../evaluate/explain.ts";
import { heatOverlay } from "../../evaluate/heat-overlay.ts";
import { random, shuffled } from "../../util/random.ts";
import { commandHtml, dataOf, vultus } from "../commands.ts";
import { paragraph, type Section } from "../html.ts";
import { escape, thumbnailUri } from "../page.ts";
import type { RunRecord } from "../run-record.ts";
import { percent } from "../svg.ts";

/** A face with the heat map of the predicted class. */
export interface ExplainedFace {
  readonly id: string;
  /** Index of the class. */
  readonly truth: number;
  readonly explanation: Explanation;
}

const SIDE = 112;
/** Number of right and of wrong predictions shown. */
const SHOWN = 8;

export async function heatMaps(
  explained: readonly ExplainedFace[],
  classes: readonly string[],
  { folder, environment }: Pick<RunRecord, "folder" | "environment">,
): Promise<Section | undefined> {
  if (explained.length === 0) return undefined;
  const averages = averageMaps(
    explained.map(({ explanation }) => explanation),
    classes.length,
  );
  const means = await Promise.all(
    averages.map(async (average, k) => {
      if (!average) return "";
      const caption = `<strong>${escape(classes[k] as string)}</strong><br>mean of ${average.count}`;
      return item(heatOverlay(average), `mean heat map of ${classes[k]}`, caption);
    }),
  );
  const data = environment && environment.data.length > 0 ? dataOf(environment) : ["images"];
  const isRight = ({ truth, explanation }: ExplainedFace): boolean => truth === explanation.predicted;
  const mixed = shuffled(explained, random("samples"));
  const right = mixed.filter(isRight).slice(0, SHOWN);
  const wrong = mixed.filter((face) => !isRight(face)).slice(0, SHOWN);
  return {
    id: "looked",
    title: "Where it looked",
    html: [
      paragraph(
        `Grad-CAM of ${explained.length} sample images. Yellow areas contributed most to the prediction; areas without colour did not contribute. A map shows where the model looked, not why. This command measures how far maps can be trusted:`,
      ),
      commandHtml(vultus("explain", "--model", folder, "--data", data.join(","))),
      "<h3>By predicted class</h3>",
      gallery(means),
      await faces("Right", right, classes),
      await faces("Wrong", wrong, classes),
    ].join("\n"),
  };
}

async function faces(
  title: string,
  shown: readonly ExplainedFace[],
  classes: readonly string[],
): Promise<string> {
  if (shown.length === 0) return "";
  const items = shown.map(async ({ id, truth, explanation }) => {
    const { predicted, probabilities } = explanation;
    const right = truth === predicted;
    const said = `${escape(classes[predicted] as string)} ${percent(probabilities[predicted] as number)}`;
    const caption = `<span class="${right ? "right" : "wrong"}">${said}</span>${right ? "" : `<br>is ${escape(classes[truth] as string)}`}`;
    return item(heatOverlay(explanation), `heat map over ${id}`, caption);
  });
  return `<h3>${title}</h3>${gallery(await Promise.all(items))}`;
}

async function item(overlay: Picture, alt: string, caption: string): Promise<string> {
  const source = await thumbnailUri(overlay, SIDE);
  return `<li><img src="${source}" alt="${escape(alt)}" width="96" height="96">${caption}</li>`;
}

function gallery(items: readonly string[]): string {
  return `<ul class="faces">${items.join("")}</ul>`;
}
