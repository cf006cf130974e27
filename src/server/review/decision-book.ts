/** The decisions of a review: the current decision for each image, undoable steps, and a file that is always up to date. */

import type { Decision } from "../../data/corrections.ts";
import { messageOf } from "../../util/errors.ts";
import { Problem } from "../problems.ts";
import type { Decided } from "./protocol.ts";

/** A decision and the time when it was made, in ISO 8601. */
export interface Dated {
  readonly decision: Decision;
  readonly when: string;
}

/** Storage for decisions; images are identified by index. */
export interface DecisionStore {
  /** Returns earlier decisions, in order. @throws UsageError or FormatError for a file that cannot be read. */
  load(): Promise<ReadonlyMap<number, Dated>>;
  /** Writes all decisions, in this order, or none. @throws if writing fails, or if another program has changed the file. */
  save(decided: ReadonlyMap<number, Dated>): void;
}

export interface DecisionBook {
  decisionOn(image: number): Decision | undefined;
  readonly undoable: number;
  readonly version: number;
  /** Takes one step, on one or several images. @throws Problem if it cannot be saved; nothing has changed then. */
  decide(decisions: ReadonlyMap<number, Decision>): Decided;
  /** Undoes the last step; does nothing if there is none. @throws Problem as `decide`. */
  undo(): Decided;
}

/** The decisions on a step's images before the step. */
type Step = ReadonlyMap<number, Dated | undefined>;

export async function openDecisionBook(
  store: DecisionStore,
  now: () => Date = () => new Date(),
): Promise<DecisionBook> {
  let decided = await store.load();
  // A new server at the same address starts with a different number.
  let version = now().getTime();
  // Decisions of earlier sessions can be undone one image at a time, the last one first.
  let steps: readonly Step[] = [...decided.keys()].map((image) => new Map([[image, undefined]]));
  const commit = (
    next: ReadonlyMap<number, Dated>,
    left: readonly Step[],
    images: Iterable<number>,
  ): Decided => {
    try {
      store.save(next);
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw new Problem("not_saved", `the decision was not saved: ${messageOf(error)}`);
    }
    [decided, steps] = [next, left];
    version++;
    const changed = [...images].map((image) => {
      const decision = decided.get(image)?.decision;
      return { image, ...(decision && { decision }) };
    });
    return { changed, undoable: steps.length, version };
  };
  return {
    decisionOn: (image) => decided.get(image)?.decision,
    get undoable() {
      return steps.length;
    },
    get version() {
      return version;
    },
    decide(decisions) {
      const next = new Map(decided);
      const when = now().toISOString();
      for (const [image, decision] of decisions) {
        // The file holds decisions in the order in which they were made.
        next.delete(image);
        next.set(image, { decision, when });
      }
      const step = new Map([...decisions.keys()].map((image) => [image, decided.get(image)]));
      return commit(next, [...steps, step], step.keys());
    },
    undo() {
      const step = steps.at(-1);
      if (!step) return { changed: [], undoable: 0, version };
      const next = new Map(decided);
      for (const [image, before] of step) {
        next.delete(image);
        if (before) next.set(image, before);
      }
      return commit(next, steps.slice(0, -1), step.keys());
    },
  };
}
