/** Scores against people's votes as text. */

import type { EvaluationResult } from "../jobs/evaluation-result.ts";
import { peopleColumns, peopleCounts, peopleRows } from "../report/people.ts";
import { tableText } from "./table.ts";
import { widthOf } from "./terminal.ts";

export function peopleText(
  people: NonNullable<EvaluationResult["people"]>,
  terminal: number | undefined = widthOf(),
): string {
  const columns = peopleColumns.map((name, i) => ({ name, right: i === 1 || i === 3 }));
  return [tableText(columns, peopleRows(people), terminal), peopleCounts(people), "", people.verdict].join(
    "\n",
  );
}
