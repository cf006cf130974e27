/** The likelihood of annotators' votes. */

import { likelihood } from "./likelihood.ts";

/**
 * The multinomial log-likelihood per vote, −Σ v·log p / Σ v. Targets are counts, so an image with ten votes has five
 * times the weight of one with two. An image without votes counts as one vote for its label.
 */
export const votes = likelihood("votes");
