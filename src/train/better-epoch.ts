/** Decides which epoch of a training is the best: its weights are the result. */

/** The scores of an epoch on the validation images; null in JSON if a score is NaN. */
export interface EpochScore {
  readonly validationAccuracy: number | null;
  readonly validationLoss: number | null;
}

/**
 * Returns whether an epoch's weights are better than those of `best`: by accuracy, or by loss if the accuracies are equal. A
 * network may get a few easy images all right after an epoch or two, but with low confidence.
 */
export function isBetterEpoch(epoch: EpochScore, best: EpochScore | undefined): boolean {
  const [accuracy, known] = [epoch.validationAccuracy ?? -1, best?.validationAccuracy ?? -1];
  if (accuracy !== known) return accuracy > known;
  return (
    (epoch.validationLoss ?? Number.POSITIVE_INFINITY) < (best?.validationLoss ?? Number.POSITIVE_INFINITY)
  );
}
