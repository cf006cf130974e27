/** The third part of the view Teach: the model's accuracy on examples that it has not seen, and its errors. */

import { useMemo } from "preact/hooks";
import { Confusion } from "../parts/confusion.tsx";
import { count, share } from "../parts/numbers.ts";
import { Explanation } from "../pictures/explanation.tsx";
import type { ExplainedFace } from "../recogniser/protocol.ts";
import { modeNames } from "./curves.tsx";
import { comparisonOf, type Measure, measureOf } from "./measure.ts";
import type { Example } from "./project.ts";
import { Face } from "./thumbnails.tsx";
import type { Trained } from "./trainings.ts";
import type { Trainings } from "./use-training.ts";

export interface MeasureSectionProps {
  readonly trainings: Trainings;
  readonly all: Trained;
  readonly examples: readonly Example[];
  /** Time of the last change to the examples, in milliseconds since 1970. */
  readonly changed: number;
  /** Shows where a model looked in an example. */
  explain(bundle: Blob, image: Blob): Promise<ExplainedFace>;
}

export function MeasureSection({ trainings, all, examples, changed, explain }: MeasureSectionProps) {
  const { head, earlier, running } = trainings;
  const { classes } = all.plan;
  const measure = useMemo(() => measureOf(all.answers, classes), [all]);
  const ofHead = useMemo(() => head && measureOf(head.answers, classes), [head]);
  return (
    <section class="teach-measure" aria-labelledby="teach-measure" tabIndex={-1}>
      <h3 id="teach-measure">
        <span class="step-number">3</span> Measure
      </h3>
      {!all.finished && (
        <p class="warning">
          The training was stopped: this is its best model up to that point.{" "}
          {earlier && (
            <button
              class="button"
              type="button"
              disabled={running !== undefined}
              onClick={() => void trainings.takeBack()}
            >
              Back to the model before
            </button>
          )}
        </p>
      )}
      {changed > (all.plan.made ?? all.when) && (
        <p class="warning">Classes or examples have changed since. Train again to include the changes.</p>
      )}
      {!measure ? (
        <p class="panel">
          Too few to measure: no example could be held out. Record each class for a few seconds, or add images
          that do not resemble each other.
        </p>
      ) : (
        <div class="panel measure">
          <Accuracy measure={measure} mode="all" />
          {ofHead && head && <Accuracy measure={ofHead} mode="head" />}
          {ofHead && head ? (
            <p>{comparisonOf(all.answers, head.answers, classes.length)}</p>
          ) : (
            <div class="choices">
              <button
                class="button"
                type="button"
                disabled={running !== undefined}
                onClick={trainings.trainHead}
              >
                What if only the head?
              </button>
              <span class="muted">
                Trains the last layer alone on the same examples, as other tools do, to compare.
              </span>
            </div>
          )}
          <p class="muted">
            Frames of one recording resemble each other. On another day, in other light or for other people,
            expect less, and a wider interval.
          </p>
          <div class="measure-details">
            <Confusion classes={classes} matrix={measure.matrix} of="the taught model" cells="count" />
            <ClassList measure={measure} />
          </div>
          <Mistakes measure={measure} all={all} examples={examples} explain={explain} />
        </div>
      )}
    </section>
  );
}

function Accuracy({ measure, mode }: { readonly measure: Measure; readonly mode: Trained["slot"] }) {
  const { n, right, interval, tooFew } = measure;
  const [low, high] = interval;
  return (
    <p class="accuracy">
      <span class="muted">{modeNames[mode]}</span>{" "}
      {tooFew ? <b>Too few to measure</b> : <b class="number">{share(right / n)}</b>}{" "}
      <span class="number">
        {right} of {count(n, "held-out example")} right, 95{"\u202f"}% interval {share(low)} to {share(high)}
      </span>
    </p>
  );
}

function ClassList({ measure }: { readonly measure: Measure }) {
  return (
    <ul class="class-measures number">
      {measure.classes.map(({ name, n, right, tooFew }) => (
        <li key={name}>
          <b>{name}</b>{" "}
          {tooFew ? (
            <span class="muted">too few to measure ({n === 0 ? "none" : n} held out)</span>
          ) : (
            <span>
              {right} of {n} right
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

/** Maximum number of wrong predictions shown. */
const MOST = 12;

type MistakesProps = Pick<MeasureSectionProps, "all" | "examples" | "explain"> & {
  readonly measure: Measure;
};

function Mistakes({ measure, all, examples, explain }: MistakesProps) {
  const { bundle, plan } = all;
  const shown = measure.wrong.slice(0, MOST).flatMap(({ example, answered, probability }) => {
    const planned = plan.measured[example];
    const image = examples.find(({ id }) => id === planned?.id)?.image;
    return planned && image ? [{ ...planned, image, answered, probability }] : [];
  });
  if (shown.length === 0) return null;
  return (
    <div class="mistakes">
      <h4>Wrong answers, the most confident first</h4>
      <ul>
        {shown.map(({ id, label, image, answered, probability }) => (
          <li key={id}>
            <Face image={image} alt={`An example of ${label}`} />
            <p>
              {label}, answered <b>{answered}</b> <span class="muted number">{share(probability)}</span>
            </p>
            <Explanation explain={() => explain(bundle, image)} />
          </li>
        ))}
      </ul>
    </div>
  );
}
