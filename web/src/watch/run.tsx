/** One run: its state, figures, curves and predictions. */

import type { About } from "../../../src/server/runs/protocol.ts";
import { bestEpoch, type RunState, secondsLeft } from "../../../src/train/run-state.ts";
import { roughly } from "../parts/durations.ts";
import { Answers } from "./answers.tsx";
import { Curves } from "./curves.tsx";
import { Epochs, Notes } from "./tables.tsx";
import type { Followed } from "./watcher.ts";
import { count, decimal, percent, rate, standingOf, standingSentence, standingWords } from "./words.ts";

interface Props {
  readonly id: string;
  readonly run: Followed;
  /** Time of the server's clock. */
  readonly now: number;
}

export function Run({ id, run: { about, state }, now }: Props) {
  const standing = standingOf(state, about, now);
  const sentence = standingSentence(standing, state, about, now);
  const begun = state.epochs.length + state.steps.length > 0;
  return (
    <article class="run panel" aria-labelledby={`run-${id}`}>
      <header>
        <h2 id={`run-${id}`}>{id}</h2>
        <p class={`standing ${standing}`} role="status">
          {standingWords[standing]}
        </p>
        <p class="what muted">{whatIs(about, state)}</p>
      </header>
      {sentence && <p class={`sentence ${standing}`}>{sentence}</p>}
      <Way about={about} state={state} />
      {begun && (
        <>
          <Figures about={about} state={state} now={now} running={standing === "training"} />
          <h3 class="visually-hidden">Curves</h3>
          <Curves id={id} state={state} />
          <Epochs state={state} />
        </>
      )}
      <Answers id={id} state={state} about={about} />
      <Notes state={state} />
    </article>
  );
}

function whatIs(about: About | undefined, { start }: RunState): string {
  const parts = [
    about?.model,
    about?.recipe && `recipe ${about.recipe}`,
    about?.inputSize && `${about.inputSize} px`,
    start && `${count(start.pictures.training)} images, ${count(start.pictures.validation)} to validate`,
    about?.device && `${about.device}, ${about.threads} ${about.threads === 1 ? "thread" : "threads"}`,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** The progress: a bar for each phase, as wide as its maximum number of epochs. */
function Way({ about, state }: { readonly about: About | undefined; readonly state: RunState }) {
  const planned = about?.phases ?? [];
  if (planned.length === 0 || state.firstAt === undefined) return null;
  return (
    <ol class="way">
      {planned.map(({ name, epochs }) => {
        const phase = state.phases.find((one) => one.name === name);
        const own = state.epochs.filter((epoch) => epoch.phase === name).length;
        const current = state.current?.phase === name ? state.current : undefined;
        const done = own + (current ? current.step / current.steps : 0);
        const over = phase?.reason !== undefined;
        const words = over
          ? `${own} of ${epochs} epochs`
          : phase
            ? `epoch ${Math.min(epochs, own + 1)} of ${epochs}`
            : `up to ${epochs} epochs`;
        return (
          <li key={name} style={{ flexGrow: epochs }} class={over ? "over" : phase ? "under-way" : "to-come"}>
            <span
              class="bar"
              role="progressbar"
              aria-label={`Phase ${name}`}
              aria-valuemin={0}
              aria-valuemax={epochs}
              aria-valuenow={Number(done.toFixed(2))}
              aria-valuetext={words}
            >
              <span style={{ inlineSize: `${Math.min(100, (over ? 1 : done / epochs) * 100)}%` }} />
            </span>
            <span class="phase">
              <b>{name}</b> <span class="muted number">{words}</span>
            </span>
          </li>
        );
      })}
    </ol>
  );
}

interface FiguresProps {
  readonly about: About | undefined;
  readonly state: RunState;
  readonly now: number;
  readonly running: boolean;
}

function Figures({ about, state, now, running }: FiguresProps) {
  const best = bestEpoch(state);
  const last = state.epochs.at(-1);
  const latest = state.steps.at(-1) ?? last;
  const { lastAt = now, firstAt = now } = state;
  const phase = state.phases.at(-1);
  const limit = about?.phases.find(({ name }) => name === phase?.name)?.epochs;
  const left = running && limit ? secondsLeft(state, limit, now) : undefined;
  const toCome = (about?.phases.length ?? 0) - state.phases.length;
  const result = about?.evaluation;
  return (
    <dl class="figures">
      {result && (
        <Figure
          name={`Accuracy on ${result.split}`}
          value={percent(result.accuracy)}
          more={`${percent(result.interval[0])} to ${percent(result.interval[1])}`}
        />
      )}
      <Figure
        name="Best on validation"
        value={percent(best?.validationAccuracy)}
        more={best ? `epoch ${best.epoch} of ${best.phase}` : "after the first epoch"}
      />
      {!result && (
        <Figure
          name="Last epoch"
          value={percent(last?.validationAccuracy)}
          more={last ? `loss ${decimal(last.validationLoss)}` : ""}
        />
      )}
      {running && (
        <Figure
          name="Loss now"
          value={decimal(latest && "loss" in latest ? latest.meanLoss : last?.trainLoss)}
          more="mean of the epoch"
        />
      )}
      <Figure
        name="Learning rate"
        value={rate(latest?.learningRate)}
        more={running ? "now" : "of the last update"}
      />
      <Figure
        name="Images/s"
        value={decimal(latest?.imagesPerSecond, 0)}
        more={running ? "now" : "at the end"}
      />
      {running && (
        <Figure
          name={phase && (about?.phases.length ?? 0) > 1 ? `Left in ${phase.name}` : "Time left"}
          value={left === undefined ? "–" : roughly(left)}
          more={
            left === undefined
              ? "known after a few steps"
              : toCome > 0
                ? `at most; then ${toCome} more ${toCome === 1 ? "phase" : "phases"}`
                : "at most"
          }
        />
      )}
      <Figure
        name={running ? "So far" : "Took"}
        value={roughly(((running ? now : lastAt) - firstAt - state.idle) / 1000)}
        more={`${state.epochs.length} ${state.epochs.length === 1 ? "epoch" : "epochs"}`}
      />
    </dl>
  );
}

function Figure({
  name,
  value,
  more,
}: {
  readonly name: string;
  readonly value: string;
  readonly more: string;
}) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class="number">{value}</dd>
      <dd class="muted more">{more}</dd>
    </div>
  );
}
