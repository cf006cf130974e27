/** The second part of the view Teach: training, its progress, and how it can be paused, stopped and resumed. */

import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { roughly } from "../parts/durations.ts";
import { count, share } from "../parts/numbers.ts";
import type { ModelInfo } from "../recogniser/protocol.ts";
import { Curves } from "./curves.tsx";
import { measureOf } from "./measure.ts";
import { missingForTraining } from "./project.ts";
import { enlargement, headKept, startsOf } from "./starts.ts";
import type { Running, Trainings } from "./use-training.ts";

export interface TrainingSectionProps {
  readonly trainings: Trainings;
  /** Number of examples by class name. */
  readonly counts: readonly (readonly [name: string, count: number])[];
  /** The loaded models, the page's first. */
  readonly models: readonly ModelInfo[];
}

export function TrainingSection({ trainings, counts, models }: TrainingSectionProps) {
  const { running, failure, readable, all, head, unfinished, unstored, ready } = trainings;
  const [chosen, choose] = useState<string>();
  const missing = missingForTraining(counts);
  const starts = startsOf(models, all);
  const { start, classes = [], inputSize } = starts.find(({ key }) => key === chosen) ?? starts[0] ?? {};
  const enlarged = enlargement(inputSize, models[0]?.inputSize);
  const curves = [
    ...(all && running?.mode !== "all" ? [{ mode: "all", curve: all.curve } as const] : []),
    ...(head && running?.mode === undefined ? [{ mode: "head", curve: head.curve } as const] : []),
    ...(running?.mode ? [{ mode: running.mode, curve: running.curve }] : []),
  ];
  return (
    <section class="teach-training" aria-labelledby="teach-training" tabIndex={-1}>
      <h3 id="teach-training">
        <span class="step-number">2</span> Train
      </h3>
      <Spoken trainings={trainings} />
      {failure !== undefined && (
        <div class="panel failed" role="alert">
          <p class="error">{failure}</p>
          {readable && (
            <p class="muted">
              Your examples and the models trained before are kept.{" "}
              {unfinished ? "Continue from the last checkpoint, or train again." : "You can train again."}
            </p>
          )}
        </div>
      )}
      {unstored && (
        <p class="panel warning" role="alert">
          The browser could not store the model: it is in this page only. Download it before you close or
          reload the page.
        </p>
      )}
      {unfinished && !running && (
        <div class="panel unfinished">
          <p>
            {unfinished.curve.steps.length > 0
              ? `A training stopped after step ${unfinished.curve.steps.at(-1)?.step} of ${unfinished.curve.length}.`
              : "A training was started."}{" "}
            <span class="muted">It continues with the examples that it had.</span>
          </p>
          <div class="choices">
            <button class="button primary" type="button" onClick={trainings.goOn}>
              Continue
            </button>
            <button class="button" type="button" onClick={() => void trainings.discard()}>
              Discard it
            </button>
          </div>
        </div>
      )}
      {running ? (
        <Progress running={running} trainings={trainings} />
      ) : (
        <div class="choices">
          <button
            class={all || unfinished ? "button" : "button primary"}
            type="button"
            disabled={missing !== undefined || !start || !ready}
            aria-describedby={missing === undefined ? undefined : "teach-missing"}
            onClick={() => start && trainings.train(start)}
          >
            {all || unfinished ? "Train again" : "Train"}
          </button>
          {starts.length > 1 && (
            <label class="start-from">
              from{" "}
              <select
                class="button"
                value={(starts.find(({ key }) => key === chosen) ?? starts[0])?.key}
                onChange={({ currentTarget }) => choose(currentTarget.value)}
              >
                {starts.map(({ key, start: { name } }) => (
                  <option key={key} value={key}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
          )}
          {starts.length > 1 && (
            <p class="muted">
              {headKept(
                classes,
                counts.map(([name]) => name),
              )}
            </p>
          )}
          {enlarged !== undefined && <p class="muted">{enlarged}</p>}
          {missing !== undefined && (
            <p class="muted" id="teach-missing">
              {missing}
            </p>
          )}
          {missing === undefined && !all && (
            <p class="muted">
              All layers of {start?.name ?? "the model"} learn. A quarter of the examples is held out for
              measuring: the end of each recording, never random frames.
            </p>
          )}
        </div>
      )}
      <Curves curves={curves} />
    </section>
  );
}

/** Announces the progress and the result of a training to screen readers, but not the result of a training before this visit. */
function Spoken({ trainings }: Pick<TrainingSectionProps, "trainings">) {
  const { running, failure } = trainings;
  const begun = useRef(false);
  begun.current ||= running !== undefined;
  const text = running
    ? titleOf(running)
    : begun.current && failure === undefined
      ? outcomeOf(trainings)
      : "";
  return (
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}

function outcomeOf({ all, head, unfinished }: Trainings): string {
  if (unfinished) return "The training is stopped.";
  const trained = head ?? all;
  if (!trained) return "";
  const measure = measureOf(trained.answers, trained.plan.classes);
  if (!measure) return "The training has ended.";
  return `The training has ended: ${measure.right} of ${count(measure.n, "held-out example")} right.`;
}

function Progress({ running, trainings }: { readonly running: Running; readonly trainings: Trainings }) {
  const { phase, compared, mode, plan, start, step, notes, warnings } = running;
  const stopping = phase === "stopping";
  return (
    <div class="panel progress">
      <div class="progress-head">
        <b>{titleOf(running)}</b>
        <span class="choices">
          <button
            class="button"
            type="button"
            disabled={phase === "preparing" || stopping}
            onClick={phase === "paused" ? trainings.resume : trainings.pause}
          >
            {phase === "paused" ? "Continue" : "Pause"}
          </button>
          <button class="button" type="button" disabled={stopping} onClick={trainings.stop}>
            Stop
          </button>
        </span>
      </div>
      <progress
        aria-label="Training"
        max={start?.steps ?? compared?.all ?? 1}
        // Without a value, the progress is indeterminate.
        {...(start ? { value: step?.step ?? start.done } : compared ? { value: compared.done } : {})}
      />
      {compared && (
        <p class="muted number">
          Comparing examples, so that copies stay on one side: {compared.done} of {compared.all}
        </p>
      )}
      {step && start && (
        <dl class="facts number">
          <Fact name="Epoch">
            {step.epoch} of {step.epochs}
          </Fact>
          <Fact name="Step">
            {step.step} of {step.steps}
          </Fact>
          <Fact name="Loss">{step.loss.toFixed(3)}</Fact>
          <Fact name="Right in this epoch">{share(step.accuracy)}</Fact>
          <Fact name="Images per second">{Math.round(step.imagesPerSecond)}</Fact>
          <Fact name="Left">{roughly(step.secondsLeft)}</Fact>
        </dl>
      )}
      {plan && (
        <p class="muted">
          {mode === "head" ? "Only the head" : "All layers"} of {plan.start.name}{" "}
          {mode === "head" ? "learns" : "learn"} from {count(plan.training.length, "example")}
          {start && `, ${deviceOf(start.device, start.threads)}`}. Held out to measure: {plan.measured.length}
          .{plan.leftOut > 0 && ` Left out between them: ${plan.leftOut}.`}
        </p>
      )}
      {notes.map((note) => (
        <p class="muted" key={note}>
          {note.charAt(0).toUpperCase() + note.slice(1)}.
        </p>
      ))}
      {warnings.map((warning) => (
        <p class="warning" role="alert" key={warning}>
          {warning}
        </p>
      ))}
      <p class="muted">
        {phase !== "paused" && "It continues while you use another view or another tab. "}
        {start && "If you close the page, you can resume it from its last checkpoint."}
      </p>
    </div>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div>
      <dt class="muted">{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function titleOf({ phase, mode }: Running): string {
  if (phase === "preparing") return "Preparing …";
  if (phase === "paused") return "Paused";
  if (phase === "stopping") return "Stopping after this step …";
  return mode === "head" ? "Training the head only" : "Training all layers";
}

function deviceOf(device: string, threads: number): string {
  if (device === "webgpu") return "on the graphics processor";
  return threads > 1 ? `on ${threads} threads` : "on one thread";
}
