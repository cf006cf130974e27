/** The served models, by name. */

import { UsageError } from "../util/errors.ts";
import { modelName } from "../weights/load.node.ts";
import { Problem } from "./problems.ts";
import type { Models } from "./reload.ts";

export interface AllModels {
  /** In the given order; at least one. */
  readonly all: readonly Models[];
  /** Returns the model of this name, or the first one without a name. @throws Problem for an unknown name */
  named(name: string | undefined): Models;
  close(): Promise<void>;
}

/**
 * Opens the model in each file, one after the other, because opening needs extra memory.
 *
 * @throws UsageError for two models of one name, and whatever `open` throws. In both cases no model stays open.
 */
export async function openAllModels(
  files: readonly string[],
  open: (file: string) => Promise<Models>,
): Promise<AllModels> {
  const names = files.map(modelName);
  const doubled = names.find((name, i) => names.indexOf(name) < i);
  if (doubled !== undefined)
    throw new UsageError(
      `two models have the name ${doubled}, and requests choose a model by name; copy or link one of them under another name`,
    );
  const all: Models[] = [];
  const close = async (): Promise<void> => void (await Promise.all(all.map((models) => models.close())));
  try {
    for (const file of files) all.push(await open(file));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    all,
    named(name) {
      const found = all[name === undefined ? 0 : names.indexOf(name)];
      if (!found)
        throw new Problem(
          "invalid_request",
          `the model ${name} is not served here. Valid: ${names.join(", ")}`,
        );
      return found;
    },
    close,
  };
}
