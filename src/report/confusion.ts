/** A confusion matrix as aligned text and as an image: rows are the truth, columns the prediction. */

import type { ConfusionMatrix } from "../metrics/confusion.ts";
import { VultusError } from "../util/errors.ts";
import { markdownTable } from "./markdown.ts";
import { fitText, palette, percent, rect, svgPage, text, widthOf } from "./svg.ts";

/** The matrix as text, with columns aligned for a terminal. */
export function confusionText(matrix: ConfusionMatrix, names: readonly string[]): string {
  checkNames(matrix, names);
  const cells = matrix.map((row) => row.map(String));
  const lengthOf = (content: string): number => [...content].length;
  const padding = (content: string, width: number): string => " ".repeat(width - lengthOf(content));
  const nameWidth = Math.max("truth".length, ...names.map(lengthOf));
  const widths = names.map((name, k) =>
    Math.max(lengthOf(name), ...cells.map((row) => (row[k] ?? "").length)),
  );
  const line = (head: string, row: readonly string[]): string =>
    [head + padding(head, nameWidth), ...row.map((cell, k) => padding(cell, widths[k] ?? 0) + cell)].join(
      "  ",
    );
  return [
    `${" ".repeat(nameWidth)}  predicted`,
    line("truth", names),
    ...cells.map((row, k) => line(names[k] as string, row)),
    "",
  ].join("\n");
}

/** The matrix as a Markdown table; the first column names the truth. */
export function confusionMarkdown(matrix: ConfusionMatrix, names: readonly string[]): string {
  checkNames(matrix, names);
  return markdownTable(
    ["truth, answer", ...names],
    matrix.map((row, k) => [names[k] as string, ...row.map(String)]),
  );
}

/** Maximum side of the matrix in pixels; many classes share it. */
const MOST_SIDE = 1800;
/** Cells smaller than this show only their colour, without numbers. */
const READABLE = 36;

function cellSide(count: number): number {
  const usual = count <= 8 ? 68 : count <= 14 ? 54 : 44;
  return Math.max(2, Math.min(usual, Math.floor(MOST_SIDE / count)));
}

/**
 * The matrix as SVG: cells with counts, and below them the share of the row, which also sets their colour. With many classes the
 * cells are small: they show only their colour, and empty cells are blank.
 */
export function confusionSvg(matrix: ConfusionMatrix, names: readonly string[]): string {
  checkNames(matrix, names);
  const count = names.length;
  const cell = cellSide(count);
  const isReadable = cell >= READABLE;
  const gap = isReadable ? 1 : 0;
  const nameSize = Math.min(12, cell);
  const shortNames = names.map((name) => fitText(name, 150));
  const nameWidth = Math.max(...shortNames.map((name) => widthOf(name))) * (nameSize / 12);
  const slanted = nameWidth > cell - 4;
  const left = 44 + nameWidth;
  const top = 20;
  const side = count * cell;
  const bottom = slanted ? 44 + nameWidth * 0.6 : 52;
  const parts: string[] = [];

  for (const [i, row] of matrix.entries()) {
    const middle = top + (i + 0.5) * cell;
    parts.push(
      text(left - 10, middle + 4, shortNames[i] as string, { textAnchor: "end", fontSize: nameSize }),
    );
    for (const [j, value] of row.entries()) {
      if (!isReadable && value === 0) continue;
      const share = shareOf(value, row);
      const centre = left + (j + 0.5) * cell;
      const fill = share > 0.5 ? palette.paper : palette.ink;
      parts.push(
        rect(left + j * cell + gap, top + i * cell + gap, cell - 2 * gap, cell - 2 * gap, {
          fill: shade(share),
          rx: 3 * gap,
        }),
      );
      if (!isReadable) continue;
      parts.push(
        text(centre, value > 0 ? middle : middle + 5, `${value}`, {
          textAnchor: "middle",
          fontSize: cell < 54 ? 12 : 15,
          fontWeight: i === j ? "bold" : "normal",
          fill: value === 0 ? palette.muted : fill,
        }),
      );
      if (value > 0) {
        const look = { textAnchor: "middle", fontSize: cell < 54 ? 9 : 11, fill, fillOpacity: 0.8 };
        parts.push(text(centre, middle + 15, percent(share), look));
      }
    }
    const total = row.reduce((sum, value) => sum + value, 0);
    parts.push(text(left + side + 10, middle + 4, `${total}`, { fill: palette.muted, fontSize: nameSize }));
  }
  for (const [j, name] of shortNames.entries()) {
    const x = left + (j + 0.5) * cell;
    const y = top + side + 18;
    parts.push(
      slanted
        ? text(x + 6, y - 4, name, {
            textAnchor: "end",
            fontSize: nameSize,
            transform: `rotate(-35 ${x + 6} ${y - 4})`,
          })
        : text(x, y, name, { textAnchor: "middle", fontSize: nameSize }),
    );
  }
  const label = { fill: palette.muted, textAnchor: "middle" };
  const middle = top + side / 2;
  const width = left + side + 64;
  const height = top + side + bottom;
  parts.push(
    text(left + side / 2, height - 12, "predicted", label),
    text(18, middle, "truth", { ...label, transform: `rotate(-90 18 ${middle})` }),
    text(left + side + 10, top - 6, "total", { fill: palette.muted }),
  );
  return svgPage(Math.ceil(width), Math.ceil(height), "Confusion matrix", parts);
}

function checkNames(matrix: ConfusionMatrix, names: readonly string[]): void {
  if (names.length === 0 || names.length !== matrix.length) {
    throw new VultusError(
      `${names.length} class names for a confusion matrix of ${matrix.length} classes; ` +
        "give one name per class, and at least one class.",
    );
  }
}

function shareOf(count: number, row: readonly number[]): number {
  const total = row.reduce((sum, value) => sum + value, 0);
  return total === 0 ? 0 : count / total;
}

/** From nearly white to deep blue; the root makes small shares, the mistakes, visible. */
function shade(share: number): string {
  const t = share ** 0.7;
  const [r, g, b] = [
    [244, 8],
    [247, 77],
    [250, 140],
  ].map(([light, dark]) => Math.round((light as number) * (1 - t) + (dark as number) * t));
  return `rgb(${r},${g},${b})`;
}
