/** Tables, figures, lists and numbers as HTML. */

import { ofFew } from "../metrics/confused-pairs.ts";
import type { ConfusionMatrix } from "../metrics/confusion.ts";
import { escape, inlineSvg } from "./page.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

export interface Table {
  /** Title of the table; screen readers read it out first. */
  readonly caption: string;
  /** Empty if the columns need no headings. */
  readonly head: readonly string[];
  /** The first cell of a row is its heading. All cells are text. */
  readonly rows: readonly (readonly string[])[];
  /** Whether all columns but the first contain numbers. */
  readonly numbers?: boolean;
}

export function table({ caption, head, rows, numbers = false }: Table): string {
  const kind = (column: number): string => (numbers && column > 0 ? ' class="number"' : "");
  const headings = head.map((text, k) => `<th scope="col"${kind(k)}>${escape(text)}</th>`);
  const lines = rows.map(([first = "", ...others]) => {
    const cells = others.map((text, k) => `<td${kind(k + 1)}>${escape(text)}</td>`);
    return `<tr><th scope="row">${escape(first)}</th>${cells.join("")}</tr>`;
  });
  return scrolling(
    caption,
    `<table><caption>${escape(caption)}</caption>${headings.length > 0 ? `<thead><tr>${headings.join("")}</tr></thead>` : ""}<tbody>${lines.join("\n")}</tbody></table>`,
  );
}

/** Wraps a table that is too wide for a phone, so that it scrolls separately, also by keyboard. */
export function scrolling(label: string, html: string): string {
  return `<div class="scroll" role="region" aria-label="${escape(label)}" tabindex="0">${html}</div>`;
}

/** Shows a chart with a description, and its numbers in a table that can be opened. */
export function chart(svg: string, label: string, caption: string, numbers?: Table): string {
  const data = numbers ? details("The numbers in this chart", table(numbers)) : "";
  const width = Number(/ width="(\d+)"/.exec(svg)?.[1] ?? 0);
  const shown = inlineSvg(svg, label);
  const drawing =
    width > 500
      ? `<div class="scroll wide" role="region" aria-label="Scrollable chart" tabindex="0">${shown}</div>`
      : shown;
  return `<figure>${drawing}<figcaption>${escape(caption)}</figcaption>${data}</figure>`;
}

export function details(summary: string, html: string): string {
  return `<details><summary>${escape(summary)}</summary>${html}</details>`;
}

export function paragraph(text: string): string {
  return `<p>${escape(text)}</p>`;
}

export function note(text: string): string {
  return `<div class="note"><p>${escape(text)}</p></div>`;
}

export function list(items: readonly string[]): string {
  return items.length === 0 ? "" : `<ul>${items.map((item) => `<li>${escape(item)}</li>`).join("")}</ul>`;
}

const NONE = "–";

/** Formats a share as `60.9 %`, or as a dash if it is unknown. */
export function percents(share: number | null | undefined): string {
  return share == null || Number.isNaN(share) ? NONE : `${(share * 100).toFixed(1)}\u00a0%`;
}

/** Formats a share as `60.9 %`, or as `1 of 2` if there are few. */
function counted(count: number, total: number): string {
  return ofFew(count, total) ?? percents(count / total);
}

/** Returns precision and recall of class `k`. */
export function precisionAndRecall(matrix: ConfusionMatrix, k: number): [precision: string, recall: string] {
  const right = matrix[k]?.[k] ?? 0;
  const sum = (counts: readonly number[] = []): number => counts.reduce((all, one) => all + one, 0);
  return [counted(right, sum(matrix.map((row) => row[k] ?? 0))), counted(right, sum(matrix[k]))];
}

export function decimals(value: number | null | undefined, digits = 3): string {
  return value == null || Number.isNaN(value) ? NONE : value.toFixed(digits);
}

/** Formats an interval as `59.2 to 62.4 %`. */
export function range([low, high]: readonly [number, number]): string {
  return `${(low * 100).toFixed(1)} to ${percents(high)}`;
}

export function count(value: number): string {
  return value.toLocaleString("en-US");
}

/** Returns `1 image`, `3,533 images`. */
export function pictures(number: number): string {
  return `${count(number)} image${number === 1 ? "" : "s"}`;
}
