/** Scores against people's votes as a section of a model card. */

import type { PeopleScores } from "../metrics/people.ts";
import type { CardSection } from "./card.ts";
import { peopleColumns, peopleCounts, peopleRows, peopleSentence } from "./people.ts";

/** @param who what was scored, as the start of a sentence */
export function peopleSection(scores: PeopleScores, who: string): CardSection {
  return {
    title: "Against people",
    paragraphs: [peopleSentence(scores), `${peopleCounts(scores)}.`],
    table: {
      caption: `${who} and one person, each against people's votes`,
      head: peopleColumns,
      rows: peopleRows(scores),
    },
  };
}
