/** Several runs in one chart, and their results next to each other in a table. */

import { bestEpoch } from "../../../src/train/run-state.ts";
import { Chart } from "./chart.tsx";
import type { Followed } from "./watcher.ts";
import { decimal, percent, standingOf, standingWords, wholePercent } from "./words.ts";

interface Props {
  readonly runs: readonly (readonly [string, Followed])[];
  readonly now: number;
}

/** Distinguished by dashes as well as by colour. */
const dashes: readonly (readonly number[])[] = [[], [7, 4], [2, 3], [9, 3, 2, 3], [4, 2], [12, 4]];

export function Compare({ runs, now }: Props) {
  const bestOf = runs.map(([id, { state }]) => [id, bestEpoch(state)?.validationAccuracy] as const);
  return (
    <section class="panel compare" aria-labelledby="compare">
      <h2 id="compare">Side by side</h2>
      <Chart
        title="Accuracy on validation"
        summary={bestOf.map(([id, best]) => `${id}: best ${percent(best)}`).join("; ")}
        curves={runs.map(([id, { state }], i) => ({
          name: id,
          colour: `--run-${(i % 6) + 1}` as const,
          dash: dashes[i % 6] ?? [],
          dots: true,
          points: state.epochs.map(({ x, validationAccuracy }) => ({ x, y: validationAccuracy })),
        }))}
        write={wholePercent}
        height={220}
        most={1}
      />
      <div class="scroll" tabIndex={0} role="group" aria-label="The runs as a table">
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">Run</th>
              <th scope="col">State</th>
              <th scope="col">Epochs</th>
              <th scope="col">Best accuracy</th>
              <th scope="col">Last accuracy</th>
              <th scope="col">Last loss</th>
              <th scope="col">Images/s</th>
            </tr>
          </thead>
          <tbody>
            {runs.map(([id, { state, about }]) => {
              const last = state.epochs.at(-1);
              return (
                <tr key={id}>
                  <th scope="row">{id}</th>
                  <td>{standingWords[standingOf(state, about, now)]}</td>
                  <td>{state.epochs.length}</td>
                  <td>{percent(bestEpoch(state)?.validationAccuracy)}</td>
                  <td>{percent(last?.validationAccuracy)}</td>
                  <td>{decimal(last?.validationLoss)}</td>
                  <td>{decimal((state.steps.at(-1) ?? last)?.imagesPerSecond, 0)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
