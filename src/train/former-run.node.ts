/** Resumes runs of versions that kept samples in reading order: in that order, or not at all. */

import { resolve } from "node:path";
import type { Dataset } from "../data/dataset.ts";
import { areFormerIdsUnsure, asFormerly } from "../data/former.ts";
import { UsageError } from "../util/errors.ts";
import type { Environment } from "./run-folder.node.ts";

export interface RunData {
  /** The data set with the ids and the order of the run. */
  readonly dataset: Dataset;
  /** Possible differences that cannot be detected. */
  readonly notes: readonly string[];
  /** Gives a data set with splits cut from `dataset` the same ids and order. */
  readonly as: (dataset: Dataset) => Dataset;
}

/**
 * Returns the data set for a run with the environment `then`: unchanged or, for runs of earlier versions, in the order in which
 * those versions read it.
 *
 * @throws UsageError if a run of an earlier version is given its sources in another order.
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
      "this run was started with a version of vultus that depends on the order of folders. " +
        `Name its folders in their original order: ${then.data.join(" ")}`,
    );
  const notes = isSameOrder
    ? []
    : [
        "not bit-exact if the folders had another order: this run was started with a version of vultus that depends on it. Name them in their " +
          `original order${then.data.length > 0 ? `: ${then.data.join(" ")}` : ""}`,
      ];
  return { dataset: former, notes, as: asFormerly };
}
