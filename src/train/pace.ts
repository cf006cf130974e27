/** Keeps a training within its time budget: shortens or lengthens the remaining phases while it runs. */

import { type PhaseCost, totalOf } from "./forecast.ts";
import type { PhasePlan } from "./phase-plan.ts";
import type { Progress } from "./progress.ts";

/** The timed kinds of work in the loop. */
export type Work = "setUp" | "view" | "step" | "validate";

/** The age at which a measurement's weight falls to a third: a share of the remaining time, with a minimum in seconds. */
const MEMORY = { share: 0.1, least: 2 };
/** A plan changes only if it is late or early by more than these shares of the remaining time, because step times fluctuate. */
const LATE = 0.02;
const EARLY = 0.1;
/** A plan holds for this share of the remaining time, unless the time is over. */
const CALM = 0.1;
/** Steps of a phase that are measured before its plan may change. */
const ENOUGH = 3;
/** A later phase is skipped if less than this share of it would fit. */
const WORTHWHILE = 0.1;

export interface PaceOptions {
  /** Seconds until everything must be finished. */
  readonly left: () => number;
  /** The forecast duration of each phase. */
  readonly costs: readonly PhaseCost[];
  /** The maximum epochs of each phase. */
  readonly most: readonly number[];
  /** The forecast duration of the work after the last phase, in seconds. */
  readonly closing: number;
}

/** Seconds of completed work and of its forecast, with exponentially decaying weights. */
class Measured {
  actual = 0;
  forecast = 0;
  count = 0;

  add(seconds: number, forecast: number, left: number): void {
    const fading = Math.exp(-seconds / Math.max(MEMORY.least, MEMORY.share * left));
    this.actual = this.actual * fading + seconds;
    this.forecast = this.forecast * fading + forecast;
    this.count++;
  }

  /** Actual time as a multiple of the forecast. */
  get factor(): number {
    return this.forecast > 0 ? this.actual / this.forecast : 1;
  }
}

export class Pace {
  readonly #options: PaceOptions;
  /** Measurements of all work, and of each kind of work in the current phase. */
  readonly #all = new Measured();
  #own = new Map<Work, Measured>();
  #phase = -1;
  #views = 0;
  /** The remaining time when the plan last changed. */
  #changed = Number.POSITIVE_INFINITY;

  constructor(options: PaceOptions) {
    this.#options = options;
  }

  /** Runs a task of phase number `phase` and measures its time. */
  async timed<T>(phase: number, work: Work, doing: () => Promise<T>): Promise<T> {
    const before = this.#options.left();
    const result = await doing();
    this.took(phase, work, before - this.#options.left());
    return result;
  }

  took(phase: number, work: Work, seconds: number): void {
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#own = new Map();
      this.#views = 0;
    }
    // Later epochs reuse their cached view.
    if (work === "view" && ++this.#views > this.#costs(phase).views) return;
    const forecast = this.#costs(phase)[work];
    const left = this.#options.left();
    if (forecast > 0) this.#all.add(seconds, forecast, left);
    const own = this.#own.get(work) ?? new Measured();
    this.#own.set(work, own);
    // The first step of a program also allocates its memory.
    if (work === "step" && own.count === 1) own.actual = own.forecast = 0;
    own.add(seconds, forecast, left);
  }

  /** Returns whether a phase is worth starting: whether there is time for a tenth of it. */
  isWorthBeginning(phase: number): boolean {
    const { steps, ...cost } = this.#costs(phase);
    const least = cost.setUp + cost.view + cost.validate + WORTHWHILE * steps * cost.step;
    return this.#options.left() >= this.#closing() + least * this.#all.factor;
  }

  /**
   * The total number of batches the current phase should have, if different from the plan. `least` is the minimum, whatever
   * the time. Before a phase's first steps its speed is unknown, so only the end of the budget changes it then.
   */
  batchesInTime(progress: Progress, plan: PhasePlan, least: number): number | undefined {
    const { phase } = progress;
    const done = progress.epoch * plan.batchesPerEpoch + progress.step;
    const left = this.#options.left();
    const step = this.#seconds(phase, "step");
    const validate = this.#seconds(phase, "validate");
    const begins = progress.step === 0;
    const view = begins && this.#views < this.#costs(phase).views ? this.#seconds(phase, "view") : 0;
    // No further step may start; otherwise the work that must follow would be late.
    const isOver = left < this.#closing() + validate + view + step * (begins ? 2 : 1);
    const measured = (this.#own.get("step")?.count ?? 0) >= ENOUGH;
    const mayChange = measured && this.#changed >= (1 + CALM) * left;
    const inTime = isOver ? done : mayChange ? done + this.#fitting(progress, plan, done) : plan.batches;
    const most = (this.#options.most[phase] as number) * plan.batchesPerEpoch;
    const batches = Math.min(most, Math.max(least, inTime));
    if (batches === plan.batches) return undefined;
    this.#changed = left;
    return batches;
  }

  /**
   * Returns how many more batches fit: the share of the remaining schedule for which there is time, with the same share for later
   * phases. Returns the planned number if it is close enough.
   */
  #fitting({ phase, epoch, updates }: Progress, plan: PhasePlan, done: number): number {
    const left = this.#options.left();
    const planned = plan.batches - done;
    const whole = (1 - plan.shareBefore(updates)) * plan.unchanged;
    if (planned <= 0 || whole <= 0) return planned;
    const step = this.#seconds(phase, "step");
    const validate = this.#seconds(phase, "validate");
    const { views } = this.#costs(phase);
    const newViews = Math.max(0, Math.min(views, plan.epochs - epoch) - this.#views);
    const own = whole * (step + validate / plan.batchesPerEpoch);
    const later = this.#options.costs.slice(phase + 1);
    // If not all later phases are worth starting, the last ones are skipped.
    for (let kept = later.length; kept >= 0; kept--) {
      const phases = later.slice(0, kept);
      const sum = (of: (cost: PhaseCost) => number): number =>
        phases.reduce((total, cost) => total + of(cost), 0) * this.#all.factor;
      const variable = own + sum((cost) => totalOf({ ...cost, setUp: 0 }));
      const available =
        left - this.#closing() - newViews * this.#seconds(phase, "view") - sum(({ setUp }) => setUp);
      // An incomplete epoch is validated too.
      const share = available >= variable ? available / variable : (available - validate / 2) / variable;
      if (kept > 0 && share < WORTHWHILE) continue;
      const fitting = Math.floor(whole * Math.max(0, share));
      const more = (fitting - planned) * step;
      return more < -LATE * left || more > EARLY * left ? fitting : planned;
    }
    return planned;
  }

  #closing(): number {
    return this.#options.closing * this.#all.factor;
  }

  /** Returns the seconds of a kind of work of a phase: measured if possible, otherwise forecast. */
  #seconds(phase: number, work: Work): number {
    const own = phase === this.#phase ? this.#own.get(work) : undefined;
    if (own && own.forecast > 0) return this.#costs(phase)[work] * own.factor;
    return this.#costs(phase)[work] * this.#all.factor;
  }

  #costs(phase: number): PhaseCost {
    return this.#options.costs[phase] as PhaseCost;
  }
}
