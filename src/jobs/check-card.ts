/** Keeps a model card from replacing a file that is not one. */

import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";

/** First words of every card that vultus writes. */
const CARD_START = "# Model card";

/** @throws UsageError if the file at `path` exists and is not a model card. */
export function checkCard(path: string): void {
  if (existsSync(path) && !readFileSync(path, "utf8").startsWith(CARD_START))
    throw new UsageError(
      `${path} already exists and is not a model card, so a card cannot replace it; give another ${option("out")}`,
    );
}
