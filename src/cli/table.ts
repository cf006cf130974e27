/** Tables as text: aligned columns, or, if the terminal is too narrow for them, one record below the other. */

import { styled } from "./terminal.ts";
import { lengthOf } from "./wrap.ts";

export interface Column {
  readonly name: string;
  /** Whether its cells are right-aligned, like numbers. */
  readonly right?: boolean;
}

const GAP = "  ";

/**
 * Formats rows of cells below the names of their columns. If that is wider than `width`, each row becomes a record: the first
 * cell, and below it the other cells with the names of their columns, as many per line as fit.
 */
export function tableText(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): string {
  const widths = columns.map(({ name }, i) =>
    Math.max(lengthOf(name), ...rows.map((row) => lengthOf(row[i] ?? ""))),
  );
  const total = widths.reduce((sum, own) => sum + own, GAP.length * (columns.length - 1));
  if (width !== undefined && total > width) return rows.map((row) => record(columns, row, width)).join("\n");
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => {
        const padding = " ".repeat((widths[i] ?? 0) - lengthOf(cell));
        return columns[i]?.right ? padding + cell : cell + padding;
      })
      .join(GAP)
      .trimEnd();
  return [styled("bold", line(columns.map(({ name }) => name))), ...rows.map(line)].join("\n");
}

function record(columns: readonly Column[], row: readonly string[], width: number): string {
  const lines = [styled("bold", row[0] ?? "")];
  let current = "";
  for (const [i, cell] of row.entries()) {
    if (i === 0 || cell === "") continue;
    const item = `${columns[i]?.name ?? ""} ${cell}`.trim();
    if (current !== "" && lengthOf(current + GAP + item) > width) {
      lines.push(current);
      current = "";
    }
    current += GAP + item;
  }
  return [...lines, ...(current === "" ? [] : [current])].join("\n");
}
