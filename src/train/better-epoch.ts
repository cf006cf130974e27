/** Which epoch of a training is the best: its weights are the result. */

/** How an epoch did on the validation images; null in JSON where it is no number. */
export interface EpochScore {
  readonly validationAccuracy: number | null;
  readonly validationLoss: number | null;
}

/**
 * Whether an epoch's weights are better than those of `best`: by accuracy, and by loss where that is the same. A few easy images are all
 * right after an epoch or two, when the network still hesitates.
 */
export function isBetterEpoch(epoch: EpochScore, best: EpochScore | undefined): boolean {
  const [accuracy, known] = [epoch.validationAccuracy ?? -1, best?.validationAccuracy ?? -1];
  if (accuracy !== known) return accuracy > known;
  return (
    (epoch.validationLoss ?? Number.POSITIVE_INFINITY) < (best?.validationLoss ?? Number.POSITIVE_INFINITY)
  );
}
