/** The report of a run as one HTML page, with every section that the run has data for. */

import type { CardSection } from "./card.ts";
import { type Face, facesData } from "./faces.ts";
import { list, paragraph, type Section, table } from "./html.ts";
import { shownCard } from "./model-card.ts";
import { escape, inlineJson, page, section } from "./page.ts";
import { reportScript } from "./report-script.ts";
import type { RunRecord } from "./run-record.ts";
import { calibration } from "./sections/calibration.ts";
import { classes } from "./sections/classes.ts";
import { confusion, confusionStyle } from "./sections/confusion.ts";
import { audit, data } from "./sections/data.ts";
import { next, nextStyle, use } from "./sections/next.ts";
import { overview } from "./sections/overview.ts";
import { people } from "./sections/people.ts";
import { misses, samples } from "./sections/pictures.ts";
import { robustness, robustnessStyle } from "./sections/robustness.ts";
import { setup } from "./sections/setup.ts";
import { baseAgainstFineTuned, training } from "./sections/training.ts";

export interface ReportContent {
  /** Faces of the scored images, as many as there is room for. */
  readonly faces: readonly Face[];
  /** Notes for the reader on the report itself, such as images that were not found. */
  readonly notes: readonly string[];
  /** Sections that need more than the run's files, such as heat maps. */
  readonly more?: readonly Section[];
}

export function reportHtml(run: RunRecord, { faces, notes, more = [] }: ReportContent): string {
  const names = run.evaluation?.classes ?? [];
  const hasPictures = faces.length > 0;
  const parts = [
    overview(run, notes),
    next(run),
    use(run),
    training(run),
    baseAgainstFineTuned(run),
    confusion(run, hasPictures),
    classes(run),
    people(run),
    calibration(run),
    misses(run, faces),
    samples(faces, names),
    ...more,
    robustness(run),
    data(run),
    audit(run),
    setup(run),
    {
      id: "card",
      title: "Model card",
      html: [
        paragraph("model-card.md in the run folder also contains the numbers above."),
        ...shownCard(run).map(cardHtml),
      ].join("\n"),
    },
  ].filter((part) => part !== undefined);
  const faceData = hasPictures
    ? `<script type="application/json" id="faces">${inlineJson(facesData(faces, names))}</script>`
    : "";
  return page({
    title: run.name,
    kicker: "Training report",
    lead: lead(run),
    contents: parts,
    body: `${parts.map(section).join("\n")}\n${faceData}`,
    style: confusionStyle + nextStyle + robustnessStyle,
    ...(hasPictures ? { script: reportScript } : {}),
  });
}

function lead({ recipe, environment, evaluation, data }: RunRecord): string {
  const classes = evaluation?.classes ?? data?.classes;
  const day = environment ? new Date(environment.started) : undefined;
  const date = day?.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "long",
    year: "numeric",
    timeZone: "UTC",
  });
  const words = [
    recipe ? `${recipe.model}, trained with the recipe ${recipe.name}` : "A training run",
    classes ? ` to distinguish ${classes.join(", ")}` : "",
    date ? `. ${date}.` : ".",
  ];
  return words.join("");
}

function cardHtml({ title, paragraphs, items = [], table: rows }: CardSection): string {
  const body = rows ? table({ ...rows, numbers: true }) : "";
  return `<h3>${escape(title)}</h3>${paragraphs.map(paragraph).join("")}${list(items)}${body}`;
}
