/** The likelihood of annotators' votes. */

import { likelihood } from "./likelihood.ts";

/**
 * The multinomial log-likelihood per vote, −Σ v·log p / Σ v. Targets are counts, so an image with ten votes counts five
 * times as much as one with two; one without votes counts as one vote for its label.
 */
export const votes = likelihood("votes");
