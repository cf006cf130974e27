/** The models that are served side by side, by their names. */

import { UsageError } from "../util/errors.ts";
import { modelName } from "../weights/load.node.ts";
import { Problem } from "./problems.ts";
import type { Models } from "./reload.ts";

export interface AllModels {
  /** In the order in which they were given; at least one. */
  readonly all: readonly Models[];
  /** The one of that name; the first where none is named. @throws Problem for a name that is not served. */
  named(name: string | undefined): Models;
  close(): Promise<void>;
}

/**
 * Opens the model in each file, one after the other, since each takes memory while it is opened.
 *
 * @throws UsageError for two models of one name; whatever `open` throws. Nothing is left open then.
 */
export async function openAllModels(
  files: readonly string[],
  open: (file: string) => Promise<Models>,
): Promise<AllModels> {
  const names = files.map(modelName);
  const doubled = names.find((name, i) => names.indexOf(name) < i);
  if (doubled !== undefined)
    throw new UsageError(
      `two of the models are called ${doubled}, and requests choose a model by its name; copy or link one of them under another name`,
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
          `no model ${name} is served here; valid are ${names.join(", ")}`,
        );
      return found;
    },
    close,
  };
}
