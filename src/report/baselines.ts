/** Chart of what each step of a training gained: accuracies as bars, from the majority baseline to the final model. */

import { fitText, palette, path, rect, svgPage, text } from "./svg.ts";

export interface BaselineRow {
  readonly name: string;
  /** From 0 to 1. */
  readonly accuracy: number;
  readonly interval?: readonly [low: number, high: number];
  /** Whether the row is a baseline rather than a result of the model. */
  readonly baseline?: boolean;
}

const width = 500;
const left = 184;
const right = 60;
const row = 34;
const top = 14;

export function baselinesSvg(rows: readonly BaselineRow[]): string {
  const x = (share: number): number => left + share * (width - left - right);
  const parts = rows.flatMap(({ name, accuracy, interval, baseline }, i) => {
    const middle = top + i * row + row / 2;
    const fill = baseline ? palette.muted : palette.blue;
    const end = interval?.[1] ?? accuracy;
    return [
      text(0, middle + 4, fitText(name, left)),
      rect(left, middle - 8, Math.max(1, x(accuracy) - left), 16, {
        fill,
        rx: 2,
        fillOpacity: baseline ? 0.5 : 0.85,
      }),
      ...(interval
        ? [path(`M${x(interval[0])},${middle}H${x(interval[1])}`, { stroke: palette.ink, strokeWidth: 2 })]
        : []),
      text(x(end) + 8, middle + 4, `${(accuracy * 100).toFixed(1)}%`, { fontWeight: "bold" }),
    ];
  });
  const height = top + rows.length * row + 8;
  const axis = path(`M${left},${top}V${height - 8}`, { stroke: palette.muted });
  return svgPage(width, height, "Accuracy step by step", [...parts, axis]);
}
