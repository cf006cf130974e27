/** Scores against people's votes as stored in evaluation.json and robustness.json. */

import { z } from "zod";

const estimate = z.object({
  value: z.number(),
  interval: z.tuple([z.number(), z.number()]),
  n: z.number(),
});

/** Schema of `PeopleScores`; parts that a class or a person may lack are optional. */
export const peopleSchema = z.object({
  n: z.number(),
  votes: z.number(),
  tied: z.number(),
  agreement: estimate,
  voteShare: estimate,
  logLoss: estimate,
  leastLogLoss: z.number(),
  jensenShannon: estimate,
  clear: z.exactOptional(estimate),
  perClass: z.record(z.string(), z.object({ agreement: estimate, onePerson: z.exactOptional(estimate) })),
  onePerson: z.exactOptional(
    z.object({
      agreement: estimate,
      leftOut: z.number(),
      voteShare: estimate,
      clear: z.exactOptional(estimate),
      model: estimate,
      difference: estimate.omit({ n: true }),
    }),
  ),
});
