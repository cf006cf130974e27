/** The curves of trainings: the loss of each step, and the accuracy on the held-out examples. */

import { share } from "../parts/numbers.ts";
import type { Curve, Mode } from "./trainings.ts";

export interface CurvesProps {
  readonly curves: readonly { readonly mode: Mode; readonly curve: Curve }[];
}

export const modeNames: Readonly<Record<Mode, string>> = { all: "All layers", head: "The head only" };

type Point = readonly [x: number, y: number];

interface Line {
  readonly mode: Mode;
  readonly points: readonly Point[];
  /** Whether each point is marked, for curves with few of them. */
  readonly marked: boolean;
}

/** The loss of a step is that of one batch: the line is an exponential moving average with this rate. */
const FORGETS = 0.15;
/** Maximum number of points of a line. */
const MOST_POINTS = 200;

export function Curves({ curves }: CurvesProps) {
  const shown = curves.filter(({ curve }) => curve.length > 0);
  if (shown.length === 0) return null;
  const losses = shown.map(({ mode, curve }): Line => ({ mode, points: lossesOf(curve), marked: false }));
  const accuracies = shown.map(
    ({ mode, curve: { epochs, length } }): Line => ({
      mode,
      points: epochs.flatMap(({ step, validationAccuracy }) =>
        validationAccuracy === undefined ? [] : [[step / length, validationAccuracy] as const],
      ),
      marked: true,
    }),
  );
  const top = Math.max(0.1, ...losses.flatMap(({ points }) => points.map(([, y]) => y)));
  const last = (lines: readonly Line[], write: (value: number) => string): string =>
    lines
      .map(
        ({ mode, points }) =>
          `${modeNames[mode]}: ${points.length > 0 ? write(points.at(-1)?.[1] ?? 0) : "none yet"}`,
      )
      .join(", ");
  return (
    <div class="curves">
      <Chart
        title="Loss on the examples it learns from"
        lines={losses}
        top={top}
        write={(value) => value.toFixed(2)}
        label={`Loss. ${last(losses, (value) => value.toFixed(2))}`}
      />
      {accuracies.some(({ points }) => points.length > 0) && (
        <Chart
          title="Accuracy on the held-out examples"
          lines={accuracies}
          top={1}
          write={share}
          label={`Accuracy. ${last(accuracies, share)}`}
        />
      )}
      {shown.length > 1 && (
        <ul class="legend">
          {shown.map(({ mode }) => (
            <li key={mode}>
              <span class={`dot line-${mode}`} aria-hidden="true" />
              {modeNames[mode]}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface ChartProps {
  readonly title: string;
  readonly lines: readonly Line[];
  /** Value at the upper end; the lower end is 0. */
  readonly top: number;
  write(value: number): string;
  readonly label: string;
}

/** In units of the drawing. */
const [WIDTH, HEIGHT, LEFT, EDGE] = [320, 130, 40, 8];

function Chart({ title, lines, top, write, label }: ChartProps) {
  const x = (at: number): number => LEFT + at * (WIDTH - LEFT - EDGE);
  const y = (value: number): number => HEIGHT - EDGE - (value / top) * (HEIGHT - 2 * EDGE);
  return (
    <figure class="curve">
      <figcaption class="muted">{title}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label}>
        {[0, top / 2, top].map((value) => (
          <g key={value} class="grid-line">
            <line x1={x(0)} x2={x(1)} y1={y(value)} y2={y(value)} />
            <text x={LEFT - 6} y={y(value)}>
              {write(value)}
            </text>
          </g>
        ))}
        {lines.map(({ mode, points, marked }) => (
          <g key={mode} class={`line line-${mode}`}>
            <polyline points={points.map(([at, value]) => `${x(at)},${y(value)}`).join(" ")} />
            {marked && points.map(([at, value]) => <circle key={at} cx={x(at)} cy={y(value)} r="3" />)}
          </g>
        ))}
      </svg>
    </figure>
  );
}

function lossesOf({ steps, length }: Curve): Point[] {
  let mean: number | undefined;
  const smooth = steps.map(({ step, loss }): Point => {
    mean = mean === undefined ? loss : mean + FORGETS * (loss - mean);
    return [step / length, mean];
  });
  const every = Math.ceil(smooth.length / MOST_POINTS);
  return smooth.filter((_, i) => i % every === 0 || i === smooth.length - 1);
}
