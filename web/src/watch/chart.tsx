/** A chart of curves over epochs, with its legend; the table of epochs has its numbers for those who cannot see it. */

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";

const USUAL_HEIGHT = 180;

export interface Point {
  readonly x: number;
  readonly y: number | null;
}

export interface Curve {
  readonly name: string;
  /** Variable of the style sheet. */
  readonly colour: `--${string}`;
  readonly points: readonly Point[];
  /** A thin line behind the others, for values of single steps. */
  readonly faint?: boolean;
  /** Whether each point has a dot. */
  readonly dots?: boolean;
  readonly dash?: readonly number[];
}

export interface ChartProps {
  readonly title: string;
  /** The chart's content in one sentence. */
  readonly summary: string;
  readonly curves: readonly Curve[];
  /** Start of each phase. */
  readonly phases?: readonly { readonly name: string; readonly from: number }[];
  /** Formats a value; on an axis, `step` is the distance between its ticks. */
  readonly write: (value: number, step?: number) => string;
  readonly height?: number;
  /** Charts with the same key share their cursor. */
  readonly together?: string;
  /** The highest meaningful value. */
  readonly most?: number;
  readonly fromZero?: boolean;
}

export function Chart(props: ChartProps) {
  const { title, summary, curves, together, height = USUAL_HEIGHT } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const shape = curves.map(({ name, faint, dots }) => `${name}${faint}${dots}`).join();

  // The chart is recreated if its series or colours change, and only updated if its numbers change.
  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const make = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(element, latest, together, height), dataOf(latest.current), element);
    };
    make();
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", make);
    const resized = new ResizeObserver(() => {
      const width = element.clientWidth;
      if (width > 0 && plot.current?.width !== width) plot.current?.setSize({ width, height });
    });
    resized.observe(element);
    return () => {
      dark.removeEventListener("change", make);
      resized.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape, height, together]);
  useEffect(() => plot.current?.setData(dataOf(props)));

  const named = curves.filter(({ faint }) => !faint);
  return (
    <figure class="chart">
      <figcaption>
        <strong>{title}</strong>
        <ul class="legend" aria-hidden="true">
          {named.length > 1 &&
            named.map(({ name, colour, dash }) => (
              <li key={name}>
                <svg width="18" height="8">
                  <line
                    x1="0"
                    x2="18"
                    y1="4"
                    y2="4"
                    stroke={`var(${colour})`}
                    stroke-width="2"
                    stroke-dasharray={dash?.join(" ")}
                  />
                </svg>
                {name}
              </li>
            ))}
        </ul>
      </figcaption>
      <div class="plot" role="img" aria-label={`${title}. ${summary}`} ref={box} />
    </figure>
  );
}

/** All curves, at every x where one of them has a point. */
function dataOf({ curves }: ChartProps): uPlot.AlignedData {
  const places = [...new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const columns = curves.map(({ points }) => {
    const at = new Map(points.map(({ x, y }) => [x, y]));
    return places.map((x) => at.get(x));
  });
  return [places, ...columns] as uPlot.AlignedData;
}

function optionsOf(
  element: HTMLElement,
  latest: { readonly current: ChartProps },
  together: string | undefined,
  height: number,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const font = `12px ${style.fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: colour("--muted"),
    font,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: element.clientWidth || 300,
    height,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: false, y: false },
      ...(together && { sync: { key: together } }),
    },
    scales: {
      x: { time: false, range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(1, high ?? 1)] },
      y: { range: (_, low, high) => spanOf(low, high, latest.current) },
    },
    axes: [
      // Epochs are integers.
      { ...axis, size: 22, gap: 2, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000] },
      {
        ...axis,
        size: 52,
        gap: 6,
        space: 26,
        values: (_, values, _axis, _space, step) => values.map((value) => latest.current.write(value, step)),
      },
    ],
    series: [
      {},
      ...latest.current.curves.map(
        ({ name, colour: own, faint, dash, dots }): uPlot.Series => ({
          label: name,
          stroke: colour(own),
          width: faint ? 1 : 2,
          ...(faint && { alpha: 0.35 }),
          ...(dash && { dash: [...dash] }),
          spanGaps: true,
          points: dots ? { size: 5, fill: colour(own), show: true } : { show: false },
        }),
      ),
    ],
    hooks: {
      drawAxes: [(plot) => drawPhases(plot, latest.current, colour("--muted"), font)],
      setCursor: [(plot) => showValues(plot, latest.current)],
    },
  };
}

function spanOf(
  lowest: number | null,
  high: number | null,
  { most = Number.POSITIVE_INFINITY, fromZero }: ChartProps,
): [number, number] {
  if (lowest == null || high == null) return [0, 1];
  const low = fromZero ? 0 : lowest;
  const room = 0.08 * (high - low || Math.abs(high) || 1);
  return [low >= 0 ? Math.max(0, low - room) : low - room, Math.min(most, high + room)];
}

/** A dashed line at the start of a phase, with its name if there is room. */
function drawPhases(
  plot: uPlot,
  { phases = [], height = USUAL_HEIGHT }: ChartProps,
  colour: string,
  font: string,
): void {
  if (phases.length < 2) return;
  const { ctx, bbox } = plot;
  const pixels = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.fillStyle = colour;
  ctx.font = font.replace(/^\d+/, (size) => String(0.9 * Number(size) * pixels));
  ctx.textBaseline = "top";
  ctx.textAlign = "left";
  ctx.setLineDash([2 * pixels, 4 * pixels]);
  const named = height >= USUAL_HEIGHT;
  let free = Number.NEGATIVE_INFINITY;
  for (const { name, from } of phases) {
    const x = Math.round(plot.valToPos(from, "x", true));
    if (from > 0) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    if (!named) continue;
    const { width } = ctx.measureText(name);
    const left = x + 4 * pixels;
    if (left < free || left + width > bbox.left + bbox.width) continue;
    ctx.fillText(name, left, bbox.top + 2 * pixels);
    free = left + width + 6 * pixels;
  }
  ctx.restore();
}

/** The values at the cursor, in a bubble next to it. */
function showValues(plot: uPlot, { curves, write }: ChartProps): void {
  const { over } = plot;
  const bubble =
    over.querySelector<HTMLElement>(".bubble") ??
    over.appendChild(Object.assign(document.createElement("div"), { className: "bubble" }));
  const { left = -1, idx } = plot.cursor;
  const x = idx == null ? undefined : plot.data[0][idx];
  bubble.hidden = left < 0 || x === undefined;
  if (bubble.hidden || x === undefined || idx == null) return;
  const values = curves.flatMap(({ name }, i) => {
    const value = plot.data[i + 1]?.[idx];
    return value == null ? [] : [`${name} ${write(value)}`];
  });
  bubble.textContent = [`epoch ${Number(x.toFixed(2))}`, ...values].join("\n");
  bubble.style.left = left > over.clientWidth / 2 ? "" : `${left + 8}px`;
  bubble.style.right = left > over.clientWidth / 2 ? `${over.clientWidth - left + 8}px` : "";
}
