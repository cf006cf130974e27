/**
 * The page's state of the review: saved decisions, and those waiting to be saved. Decisions are sent one after the other and
 * appear at once, but count as saved only when the server has confirmed them. If one is refused or not answered, it waits with
 * all after it.
 */

import type { Decided, Decision, DecisionRequest, ReviewSet } from "../../../src/server/review/protocol.ts";
import { address, askJson, askState, post, Refused } from "./requests.ts";
import { labelNow, outcomeOf } from "./words.ts";

/** `changed`: the server has restarted with other images, unknown to this page. */
export type Link = "loading" | "open" | "lost" | "changed";

export interface Review {
  readonly set: ReviewSet | undefined;
  readonly link: Link;
  /** The reason why the server refused the first waiting decision, or the whole review. */
  readonly refusal: string | undefined;
  /** The reason why the last step could not be undone. */
  readonly notUndone: string | undefined;
  /** Number of decisions that wait to be saved. */
  readonly waiting: number;
  readonly undoable: boolean;
  /** Increases with every change of a decision. */
  readonly version: number;
  decisionOf(image: number): Decision | undefined;
  isSaved(image: number): boolean;
  decide(images: readonly number[], decision: Decision): void;
  /** @returns the images that were restored; none if undoing failed. */
  undo(): Promise<readonly number[]>;
  retry(): void;
  /** Discards the unsaved decisions. */
  discard(): void;
}

type Step =
  | ({ readonly kind: "decide" } & DecisionRequest)
  | { readonly kind: "undo"; readonly done: (images: readonly number[]) => void };

/** Milliseconds between two checks of the server, and while it is unreachable. */
const LOOK_EVERY = 5000;
const LOOK_AGAIN = 2000;

export function createReview(changed: () => void): Review {
  let set: ReviewSet | undefined;
  let link: Link = "loading";
  let refusal: string | undefined;
  let notUndone: string | undefined;
  let saved: (Decision | undefined)[] = [];
  let undoable = 0;
  let version = 0;
  /** The server's count of decisions, as far as this page knows them. */
  let known = 0;
  let steps: Step[] = [];
  /** The decisions in `steps`, by image. */
  let pending = new Map<number, Decision>();
  let sending = false;

  const update = (): void => {
    pending = new Map();
    for (const step of steps)
      if (step.kind === "decide") for (const image of step.images) pending.set(image, step.decision);
    version++;
    changed();
  };

  const lose = (): void => {
    if (link !== "changed") link = "lost";
    // It may have been undone although no response came: a retry could undo another step.
    for (const step of steps) if (step.kind === "undo") step.done([]);
    steps = steps.filter(({ kind }) => kind === "decide");
  };

  const take = async (step: Step): Promise<readonly number[]> => {
    const decided =
      step.kind === "undo"
        ? await post<Decided>(address("undo", set?.id), {})
        : await post<Decided>(address("decisions", set?.id), {
            images: step.images,
            decision: step.decision,
          });
    // A higher count than this page's: another page has decided too, and its decisions have yet to be read.
    if (decided.version === known + 1 || decided.changed.length === 0) known = decided.version;
    for (const { image, decision } of decided.changed) saved[image] = decision;
    undoable = decided.undoable;
    return decided.changed.map(({ image }) => image);
  };

  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    while (steps.length > 0 && link === "open" && refusal === undefined) {
      const step = steps[0] as Step;
      try {
        const images = await take(step);
        steps.shift();
        if (step.kind === "undo") step.done(images);
      } catch (error) {
        if (!(error instanceof Refused)) lose();
        else if (error.code === "other_review") link = "changed";
        else if (step.kind === "decide") {
          refusal = error.message;
          steps = withoutUndone(steps);
        } else {
          notUndone = error.message;
          steps.shift();
          step.done([]);
        }
      }
      update();
    }
    sending = false;
  };

  /** Reads the review again after the server was unreachable: it may have saved decisions without confirming them. */
  const load = async (): Promise<void> => {
    try {
      const next = await askJson<ReviewSet>(address(""), { cache: "no-store" });
      if (set && set.id !== next.id) {
        link = "changed";
      } else {
        set ??= next;
        saved = next.images.map(({ decision }) => decision);
        undoable = next.undoable;
        known = next.version;
        steps = steps.filter(
          (step) =>
            step.kind === "undo" ||
            !step.images.every((image) => isHeld(next, image, step.decision, saved[image])),
        );
        link = "open";
        refusal = undefined;
      }
    } catch (error) {
      if (error instanceof Refused) refusal = error.message;
      else lose();
    }
    update();
    void send();
  };

  const look = async (): Promise<void> => {
    if (link !== "changed" && document.visibilityState === "visible") {
      const there = await askState();
      if (!there && link === "open") {
        lose();
        update();
      } else if (there && link === "lost" && !sending) await load();
      else if (there && set && there.id !== set.id) {
        link = "changed";
        update();
      } else if (there && there.version !== known && steps.length === 0) await load();
    }
    setTimeout(() => void look(), link === "lost" ? LOOK_AGAIN : LOOK_EVERY);
  };

  addEventListener("beforeunload", (event) => {
    if (steps.length > 0) event.preventDefault();
  });
  void load().then(() => setTimeout(() => void look(), LOOK_AGAIN));

  return {
    get set() {
      return set;
    },
    get link() {
      return link;
    },
    get refusal() {
      return refusal;
    },
    get notUndone() {
      return notUndone;
    },
    get waiting() {
      return steps.filter(({ kind }) => kind === "decide").length;
    },
    get undoable() {
      return undoable + steps.reduce((sum, { kind }) => sum + (kind === "decide" ? 1 : -1), 0) > 0;
    },
    get version() {
      return version;
    },
    decisionOf: (image) => pending.get(image) ?? saved[image],
    isSaved: (image) => !pending.has(image),
    decide(images, decision) {
      notUndone = undefined;
      steps.push({ kind: "decide", images, decision });
      update();
      void send();
    },
    async undo() {
      notUndone = undefined;
      const last = steps.at(-1);
      if (last?.kind === "decide" && !(sending && steps.length === 1)) {
        steps.pop();
        if (steps.length === 0) refusal = undefined;
        update();
        return last.images;
      }
      const images = new Promise<readonly number[]>((done) => void steps.push({ kind: "undo", done }));
      update();
      void send();
      return images;
    },
    retry() {
      refusal = undefined;
      if (!set || link === "lost") void load();
      else {
        changed();
        void send();
      }
    },
    discard() {
      steps = steps.slice(0, sending ? 1 : 0);
      refusal = undefined;
      update();
    },
  };
}

/** Unsaved decisions are undone by dropping them. */
function withoutUndone(steps: readonly Step[]): Step[] {
  const left: Step[] = [];
  for (const step of steps) {
    const before = left.at(-1);
    if (step.kind === "undo" && before?.kind === "decide") {
      left.pop();
      step.done(before.images);
    } else left.push(step);
  }
  return left;
}

/** Whether a decision equals the saved one for an image: relabelling an image to its own label is saved as keeping it. */
function isHeld(set: ReviewSet, image: number, decision: Decision, saved: Decision | undefined): boolean {
  return (
    outcomeOf(set, image, decision) === outcomeOf(set, image, saved) &&
    labelNow(set, image, decision) === labelNow(set, image, saved)
  );
}
