/** The four charts of a run: loss, accuracy, learning rate and images per second. */

import type { RunState } from "../../../src/train/run-state.ts";
import { Chart, type Point } from "./chart.tsx";
import { count, decimal, percent, rate, wholePercent } from "./words.ts";

interface Props {
  readonly id: string;
  readonly state: RunState;
}

export function Curves({ id, state }: Props) {
  const { epochs, steps, phases } = state;
  const ofEpochs = (
    key: keyof (typeof epochs)[number] & (`train${string}` | `validation${string}`),
  ): Point[] => epochs.map((epoch) => ({ x: epoch.x, y: epoch[key] }));
  /** Values per step show more detail, but older runs have none. */
  const fine = (key: "learningRate" | "imagesPerSecond"): Point[] =>
    (steps.length > 0 ? steps : epochs).map((point) => ({ x: point.x, y: point[key] }));
  const last = epochs.at(-1);
  const lastStep = steps.at(-1);
  const shared = { phases, together: id };
  return (
    <div class="curves">
      <Chart
        {...shared}
        title="Loss"
        summary={
          last
            ? `After ${epochs.length} epochs: ${decimal(last.trainLoss)} in training, ${decimal(last.validationLoss)} on validation.`
            : "No epoch is over yet."
        }
        curves={[
          {
            name: "step",
            colour: "--curve-train",
            points: steps.map(({ x, loss }) => ({ x, y: loss })),
            faint: true,
          },
          {
            name: "training",
            colour: "--curve-train",
            points: ofEpochs("trainLoss"),
            dots: true,
            dash: [5, 4],
          },
          {
            name: "validation",
            colour: "--curve-validation",
            points: ofEpochs("validationLoss"),
            dots: true,
          },
        ]}
        write={(value) => decimal(value, 2)}
      />
      <Chart
        {...shared}
        title="Accuracy"
        summary={
          last
            ? `After ${epochs.length} epochs: ${percent(last.trainAccuracy)} in training, ${percent(last.validationAccuracy)} on validation.`
            : "No epoch is over yet."
        }
        curves={[
          {
            name: "epoch so far",
            colour: "--curve-train",
            points: steps.map(({ x, accuracy }) => ({ x, y: accuracy })),
            faint: true,
          },
          {
            name: "training",
            colour: "--curve-train",
            points: ofEpochs("trainAccuracy"),
            dots: true,
            dash: [5, 4],
          },
          {
            name: "validation",
            colour: "--curve-validation",
            points: ofEpochs("validationAccuracy"),
            dots: true,
          },
        ]}
        write={wholePercent}
        most={1}
      />
      <Chart
        {...shared}
        title="Learning rate"
        summary={`Now ${rate((lastStep ?? last)?.learningRate)}.`}
        curves={[
          {
            name: "learning rate",
            colour: "--curve-rate",
            points: fine("learningRate"),
            dots: steps.length === 0,
          },
        ]}
        write={rate}
        height={120}
        fromZero
      />
      <Chart
        {...shared}
        title="Images per second"
        summary={`Now ${decimal((lastStep ?? last)?.imagesPerSecond, 0)}.`}
        curves={[
          {
            name: "images per second",
            colour: "--curve-speed",
            points: fine("imagesPerSecond"),
            dots: steps.length === 0,
          },
        ]}
        write={(value) => count(Math.round(value))}
        height={120}
        fromZero
      />
    </div>
  );
}
