/** Scores against people's votes in words: a sentence, and table rows that compare the model with one more person. */

import type { OnePerson, PeopleScores } from "../metrics/people.ts";
import type { Estimate } from "../metrics/ratio-intervals.ts";
import { MINIMUM_GROUP } from "../metrics/subgroups.ts";
import { counted } from "../util/counted.ts";

/**
 * Reports how often the prediction is what most people chose, and whether that is better than, as good as, or not as good as one
 * more person, by the 95 % interval of the difference between the two, both compared with the same other people.
 */
export function peopleSentence({ agreement, onePerson }: PeopleScores): string {
  const own = `Agrees with the plurality of people on ${percent(agreement.value)} of ${counted(agreement.n, "image")} (95 % interval ${range(agreement)})`;
  if (!onePerson) return `${own}.`;
  return `${own}. One person agrees with the others on ${percent(onePerson.agreement.value)}: ${standing(onePerson)}.`;
}

function standing({ agreement: { n }, difference }: OnePerson): string {
  const [low, high] = difference.interval;
  if (n < MINIMUM_GROUP) return `${counted(n, "image")} are too few for a comparison with one more person`;
  if (low > 0) return "better than one more person";
  if (high < 0) return "not as good as one more person";
  return `as good as one more person, as far as ${counted(n, "image")} can tell`;
}

/** A measure, with its value and interval for the model and for one person; cells may be empty. */
export type PeopleRow = readonly [
  measure: string,
  model: string,
  modelInterval: string,
  person: string,
  personInterval: string,
];

export const peopleColumns: PeopleRow = [
  "against people's votes",
  "model",
  "95 % interval",
  "one person",
  "95 % interval",
];

export function peopleRows(people: PeopleScores): PeopleRow[] {
  const { agreement, voteShare, clear, logLoss, jensenShannon, perClass, onePerson } = people;
  const shares = (measure: string, model?: Estimate, person?: Estimate): PeopleRow => [
    measure,
    ...(model ? ([percent(model.value), range(model)] as const) : (["", ""] as const)),
    ...(person ? ([percent(person.value), range(person)] as const) : (["", ""] as const)),
  ];
  const distance = (measure: string, { value, interval }: Estimate): PeopleRow => {
    const [low, high] = interval.map((end) => end.toFixed(4));
    return [measure, value.toFixed(4), `${low} to ${high}`, "", ""];
  };
  return [
    shares("agreement with the plurality", agreement),
    ...(onePerson
      ? [shares("agreement with the plurality of all but one", onePerson.model, onePerson.agreement)]
      : []),
    ...(clear ? [shares("agreement where at least 80 % agree", clear, onePerson?.clear)] : []),
    ...Object.entries(perClass).map(([name, own]) =>
      shares(`agreement where it is ${name}`, own.agreement, own.onePerson),
    ),
    shares("share of the votes for the prediction", voteShare, onePerson?.voteShare),
    distance("log loss to the votes", logLoss),
    distance("Jensen-Shannon distance to the votes", jensenShannon),
  ];
}

/** Reports what was counted, and what was left out. */
export function peopleCounts({ n, votes, tied, leastLogLoss, onePerson }: PeopleScores): string {
  const without =
    tied > 0
      ? `; ${counted(tied, "image")} ${tied === 1 ? "has" : "have"} no plurality and ${tied === 1 ? "is" : "are"} left out of agreements`
      : "";
  const left =
    onePerson && onePerson.leftOut > 0
      ? `; for one person, ${counted(onePerson.leftOut, "vote")} ${onePerson.leftOut === 1 ? "is" : "are"} left out because the others are tied or mostly for no class`
      : "";
  return `${counted(votes, "vote")} on ${counted(n, "image")}${without}${left}. The log loss cannot be lower than ${leastLogLoss.toFixed(4)}, the entropy of the votes`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Formats an interval as `82.7 to 85.2 %`. */
function range({ interval: [low, high] }: Pick<Estimate, "interval">): string {
  return `${(low * 100).toFixed(1)} to ${percent(high)}`;
}
