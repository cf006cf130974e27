/** Predictions against people's votes, compared with one more person. */

import { paragraph, type Section, table } from "../html.ts";
import { peopleColumns, peopleCounts, peopleRows, peopleSentence } from "../people.ts";
import type { RunRecord } from "../run-record.ts";

export function people({ evaluation }: RunRecord): Section | undefined {
  if (!evaluation?.people) return undefined;
  const { people: scores } = evaluation;
  return {
    id: "people",
    title: "Against people",
    html: [
      paragraph(peopleSentence(scores)),
      table({
        caption: "The model and one person, each against people's votes",
        head: peopleColumns,
        rows: peopleRows(scores),
        numbers: true,
      }),
      paragraph(`${peopleCounts(scores)}.`),
      paragraph(
        "“One person” is each annotator in turn, compared with all others of the same image. “Better than one more person” means that the model agrees with the plurality of people more often than one more annotator would.",
      ),
    ].join("\n"),
  };
}
