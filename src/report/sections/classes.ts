/** Scores per class: precision, recall, F1, area under the curve, and number of images. */

import { summarize } from "../../metrics/scores.ts";
import { count, decimals, paragraph, percents, precisionAndRecall, type Section, table } from "../html.ts";
import type { RunRecord } from "../run-record.ts";

export function classes({ evaluation }: RunRecord): Section | undefined {
  if (!evaluation) return undefined;
  const { auc } = evaluation;
  const { perClass, macro, weighted, n } = summarize(evaluation.confusion);
  const ofFirst = perClass[0]?.support;
  const row = (
    name: string,
    scores: (typeof perClass)[number],
    area?: number | null,
    shares = [percents(scores.precision), percents(scores.recall)],
  ): string[] => [
    name,
    ...shares,
    decimals(scores.f1),
    ...(auc ? [decimals(area)] : []),
    count(scores.support),
  ];
  const present = perClass.filter(({ support }) => support > 0).length;
  return {
    id: "classes",
    title: "Class by class",
    html: [
      table({
        caption: `Scores per class, ${count(n)} images (${evaluation.split})`,
        head: ["class", "precision", "recall", "F1", ...(auc ? ["AUC"] : []), "images"],
        rows: [
          ...evaluation.classes.map((name, k) =>
            row(
              name,
              perClass[k] as (typeof perClass)[number],
              auc?.[name],
              precisionAndRecall(evaluation.confusion, k),
            ),
          ),
          row("mean of the classes", macro),
          // With equally many images per class, the weighted means would be the same numbers.
          ...(perClass.every(({ support }) => support === ofFirst)
            ? []
            : [row("weighted by images", weighted)]),
        ],
        numbers: true,
      }),
      present < 2
        ? paragraph(
            "All images have one class, so there is no area under the curve, and no class to confuse it with.",
          )
        : "",
    ].join("\n"),
  };
}
