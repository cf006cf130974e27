/** The model's predictions after an epoch: the confusion matrix, and the watched images with their predictions. */

import { useState } from "preact/hooks";
import type { About } from "../../../src/server/runs/protocol.ts";
import type { EpochPoint, RunState } from "../../../src/train/run-state.ts";
import { Confusion } from "../parts/confusion.tsx";
import { Pictures } from "./pictures.tsx";

interface Props {
  readonly id: string;
  readonly state: RunState;
  readonly about: About | undefined;
}

/** With a slider for the epoch, which follows the newest one until it is moved. */
export function Answers({ id, state, about }: Props) {
  const [chosen, choose] = useState<number>();
  const answered = state.epochs.filter(({ confusion }) => confusion !== undefined);
  const final = about?.evaluation;
  if (answered.length === 0 || !state.start)
    return final ? (
      <section class="answers">
        <h3>Confusion of the result</h3>
        <Confusion
          classes={final.classes}
          matrix={final.confusion}
          of={`the best weights on ${final.split}`}
        />
      </section>
    ) : null;
  const index = chosen === undefined ? answered.length - 1 : Math.min(chosen, answered.length - 1);
  const epoch = answered[index] as EpochPoint;
  const name = `epoch ${epoch.epoch} of ${epoch.phase}`;
  return (
    <section class="answers">
      <div class="answers-head">
        <h3>After {name}</h3>
        {answered.length > 1 && (
          <label class="slider">
            <span class="visually-hidden">Epoch whose answers are shown, {id}</span>
            <input
              type="range"
              min={0}
              max={answered.length - 1}
              value={index}
              aria-valuetext={name}
              onInput={({ currentTarget: { value } }) =>
                choose(Number(value) === answered.length - 1 ? undefined : Number(value))
              }
            />
          </label>
        )}
      </div>
      <div class="answers-body">
        <Confusion classes={state.start.classes} matrix={epoch.confusion ?? []} of={name} />
        <Pictures id={id} start={state.start} epochs={answered.slice(0, index + 1)} />
      </div>
    </section>
  );
}
