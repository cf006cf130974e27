/** Learning-rate schedules as plain functions of the step, equal to PyTorch's. */

/** Cosine up to the peak and down again (Smith and Topin 2018): PyTorch's OneCycleLR with two phases. */
export interface OneCycle {
  readonly type: "oneCycle";
  /** Share of the steps with an increasing rate. */
  readonly pctStart: number;
  /** The rate starts at peak/divFactor and ends at peak/(divFactor·finalDivFactor). */
  readonly divFactor: number;
  readonly finalDivFactor: number;
}

/** Repeated cosine decay (Loshchilov and Hutter 2017): PyTorch's CosineAnnealingWarmRestarts, stepped per batch. */
export interface CosineRestarts {
  readonly type: "cosineRestarts";
  /** Length of the first cycle in epochs. Each further cycle is `cycleFactor` times as long as the previous one. */
  readonly firstCycle: number;
  readonly cycleFactor: number;
  /** Minimum rate as a share of the peak. */
  readonly minimumFactor: number;
}

/** Linear warm-up, then cosine decay. The minimum rate would be reached one step after the last. */
export interface Cosine {
  readonly type: "cosine";
  /** Epochs of warm-up, rounded to whole steps; the last of them has the peak rate. */
  readonly warmup: number;
  readonly minimumFactor: number;
}

export interface Constant {
  readonly type: "constant";
}

export type Schedule = OneCycle | CosineRestarts | Cosine | Constant;

/** Length of a phase in weight updates. */
export interface Length {
  /** Not an integer if updates do not end with the epoch. */
  readonly stepsPerEpoch: number;
  readonly totalSteps: number;
}

/** Returns the rate of update number `step`, counted from 0; `peak` is the maximum rate. */
export function rateAt(schedule: Schedule, peak: number, step: number, length: Length): number {
  switch (schedule.type) {
    case "constant":
      return peak;
    case "oneCycle":
      return oneCycle(schedule, peak, step, length.totalSteps);
    case "cosineRestarts":
      return cosineRestarts(schedule, peak, step / length.stepsPerEpoch);
    case "cosine":
      return cosine(schedule, peak, step, length);
  }
}

/** Half a cosine from `from` to `to`, for `share` from 0 to 1. */
function anneal(from: number, to: number, share: number): number {
  return to + ((from - to) / 2) * (1 + Math.cos(Math.PI * share));
}

function oneCycle(
  { pctStart, divFactor, finalDivFactor }: OneCycle,
  peak: number,
  step: number,
  total: number,
): number {
  const first = peak / divFactor;
  const last = first / finalDivFactor;
  // PyTorch's position of the peak, which need not be an integer. If it is 0, the rate never increases.
  const top = pctStart * total - 1;
  if (step < top) return anneal(first, peak, step / top);
  return anneal(peak, last, Math.min(1, (step - top) / (total - 1 - top)));
}

function cosineRestarts(
  { firstCycle, cycleFactor, minimumFactor }: CosineRestarts,
  peak: number,
  epoch: number,
): number {
  let cycle = firstCycle;
  let position = epoch;
  if (cycleFactor === 1) position %= firstCycle;
  else {
    while (position >= cycle) {
      position -= cycle;
      cycle *= cycleFactor;
    }
  }
  // Rounding errors can make a cycle end slightly late; a nearly finished cycle counts as finished.
  const share = position / cycle;
  return anneal(peak, peak * minimumFactor, share > 1 - 1e-7 ? 0 : share);
}

function cosine(
  { warmup, minimumFactor }: Cosine,
  peak: number,
  step: number,
  { stepsPerEpoch, totalSteps }: Length,
): number {
  const warm = Math.min(Math.round(warmup * stepsPerEpoch), totalSteps);
  // Shortening a phase can leave its warm-up with a fractional number of steps.
  if (step < warm) return (peak * Math.min(warm, step + 1)) / warm;
  return anneal(peak, peak * minimumFactor, (step - warm) / Math.max(1, totalSteps - warm));
}
