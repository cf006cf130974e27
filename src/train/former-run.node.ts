/** Runs that began when samples were still in the order of reading: they go on in that order, or say that they cannot. */

import { resolve } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { areFormerIdsUnsure, asFormerly } from "../data/former.ts";
import { UsageError } from "../util/errors.ts";
import type { Environment } from "./run-folder.node.ts";

export interface RunData {
  /** As the run had it. */
  readonly dataset: Dataset;
  /** What may not be as it was, and cannot be seen. */
  readonly notes: readonly string[];
  /** Puts a data set with splits that were cut from `dataset` under the same rule. */
  readonly as: (dataset: Dataset) => Dataset;
}

/**
 * The data set as a run that began in `then` takes it: as it is, or as earlier versions read it where the run is theirs.
 *
 * @throws UsageError where an earlier version's run is given its sources in another order.
 */
export function dataOfRun(
  then: Pick<Environment, "cut" | "fingerprint" | "data">,
  dataset: Dataset,
): RunData {
  const from = then.cut?.from ?? then.fingerprint;
  const former = asFormerly(dataset);
  if (from === dataset.fingerprint || from !== former.fingerprint)
    return { dataset, notes: [], as: (one) => one };
  const now = dataset.sources.map((path) => resolve(path));
  const isSameOrder = now.length < 2 || now.every((path, i) => path === then.data[i]);
  if (!isSameOrder && (areFormerIdsUnsure(dataset) || now.every((path) => then.data.includes(path))))
    throw new UsageError(
      "this run began under a version in which the order of folders decides which images are which. " +
        `Name those that it began with, in their order: ${then.data.join(" ")}`,
    );
  const notes = isSameOrder
    ? []
    : [
        "not bit-exact, unless the folders are named in the order in which the run began: it did so under a version in which " +
          `that order matters${then.data.length > 0 ? `, with ${then.data.join(" ")}` : ""}`,
      ];
  return { dataset: former, notes, as: asFormerly };
}
