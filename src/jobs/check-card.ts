/** Keeps a model card from replacing a file that is none. */

import { existsSync, readFileSync } from "node:fs";
import { UsageError } from "../util/errors.ts";
import { option } from "../util/spelling.ts";

/** Every card that vultus writes begins so. */
const CARD_START = "# Model card";

/** @throws UsageError where there is a file at `path` that is no card. */
export function checkCard(path: string): void {
  if (existsSync(path) && !readFileSync(path, "utf8").startsWith(CARD_START))
    throw new UsageError(
      `${path} is there and is no model card, which would replace it; give another ${option("out")}`,
    );
}
