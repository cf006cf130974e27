/** The numbers behind the charts as tables, and a run's notes. */

import { bestEpoch, type RunState } from "../../../src/train/run-state.ts";
import { duration } from "../parts/durations.ts";
import { decimal, percent, rate } from "./words.ts";

export function Epochs({ state }: { readonly state: RunState }) {
  const { epochs } = state;
  if (epochs.length === 0) return null;
  const best = bestEpoch(state);
  return (
    <details>
      <summary>
        All {epochs.length} {epochs.length === 1 ? "epoch" : "epochs"} as a table
      </summary>
      <div class="scroll" tabIndex={0} role="group" aria-label="Table of epochs">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Phase</th>
              <th scope="col">Epoch</th>
              <th scope="col">Training loss</th>
              <th scope="col">accuracy</th>
              <th scope="col">Validation loss</th>
              <th scope="col">accuracy</th>
              <th scope="col">Learning rate</th>
              <th scope="col">Images/s</th>
              <th scope="col">Time</th>
            </tr>
          </thead>
          <tbody>
            {epochs.map((epoch) => (
              <tr key={epoch.x} class={epoch === best ? "best" : ""}>
                <th scope="row">{epoch.phase}</th>
                <td>{epoch.epoch}</td>
                <td>{decimal(epoch.trainLoss)}</td>
                <td>{percent(epoch.trainAccuracy)}</td>
                <td>{decimal(epoch.validationLoss)}</td>
                <td>
                  {percent(epoch.validationAccuracy)}
                  {epoch === best && " best"}
                </td>
                <td>{rate(epoch.learningRate)}</td>
                <td>{decimal(epoch.imagesPerSecond, 0)}</td>
                <td>{epoch.seconds == null ? "–" : duration(epoch.seconds)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

export function Notes({ state: { notes, phases } }: { readonly state: RunState }) {
  const ends = phases.filter(({ reason }) => reason !== undefined);
  if (notes.length + ends.length === 0) return null;
  return (
    <details>
      <summary>Notes ({notes.length + ends.length})</summary>
      <ul class="notes">
        {notes.map(({ time, text }) => (
          <li key={`${time} ${text}`}>{text}</li>
        ))}
        {ends.map(({ name, reason }) => (
          <li key={name}>
            {name} ended: {reason}
          </li>
        ))}
      </ul>
    </details>
  );
}
