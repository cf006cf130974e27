/** The confusion matrix as a table whose cells open their images, and its worst pairs in words. */

import { confusedPairs, ofFew, samplesOf } from "../../metrics/confused-pairs.ts";
import type { ConfusionMatrix } from "../../metrics/confusion.ts";
import { count, paragraph, percents, pictures, type Section, scrolling } from "../html.ts";
import { escape } from "../page.ts";
import type { RunRecord } from "../run-record.ts";
import { percent } from "../svg.ts";

/** With `clickable`, each non-zero cell is a button, and the page's script shows its images. */
export function confusion({ evaluation }: RunRecord, clickable: boolean): Section | undefined {
  if (!evaluation) return undefined;
  const { confusion: matrix, classes } = evaluation;
  const hint = clickable ? ' <span class="screen">Click a cell to see its images.</span>' : "";
  return {
    id: "confusion",
    title: "Confusion matrix",
    html: [
      `<p>Rows are the truth, columns the prediction. Each cell has the number of images and its share of the row.${hint}</p>`,
      scrolling("Confusion matrix", matrixTable(matrix, classes, clickable)),
      clickable ? '<div id="cell" class="screen" aria-live="polite"></div>' : "",
      // With images, the next section shows the same pairs.
      clickable ? "" : pairs(matrix, classes),
    ].join("\n"),
  };
}

function matrixTable(matrix: ConfusionMatrix, classes: readonly string[], clickable: boolean): string {
  const heads = classes.map((name) => `<th scope="col"><span>${escape(name)}</span></th>`).join("");
  const rows = matrix.map((row, truth) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    const cells = row.map((value, answer) => {
      const share = total === 0 ? 0 : value / total;
      const spoken = (words: string): string => `<span class="spoken">${escape(words)}</span>`;
      const inside = `${spoken(`${classes[truth]} taken for ${classes[answer]}: `)}<b>${count(value)}</b>${value > 0 ? `${spoken(", ")}<small>${percent(share)}</small>${spoken(` of ${classes[truth]}`)}` : ""}`;
      const kind = truth === answer ? ' class="right"' : "";
      const style = ` style="--share:${(share ** 0.7).toFixed(3)}"`;
      return clickable && value > 0
        ? `<td${kind}${style}><button type="button" data-cell="${truth}-${answer}" aria-controls="cell" aria-pressed="false">${inside}</button></td>`
        : `<td${kind}${style}><span>${inside}</span></td>`;
    });
    return `<tr><th scope="row">${escape(classes[truth] as string)}</th>${cells.join("")}<td class="total">${count(total)}</td></tr>`;
  });
  return `<table class="confusion"><caption>Truth in rows, prediction in columns</caption><thead><tr><th scope="col">truth</th>${heads}<th scope="col"><span>total</span></th></tr></thead><tbody>${rows.join("\n")}</tbody></table>`;
}

function pairs(matrix: ConfusionMatrix, classes: readonly string[]): string {
  const worst = confusedPairs(matrix);
  if (worst.length === 0) return paragraph("No classes were confused.");
  const items = worst.map((pair) => {
    const [truth, predicted] = [pair.truth, pair.predicted].map((k) => escape(classes[k] as string));
    const few = ofFew(pair.count, samplesOf(pair));
    const how = few ?? `${percents(pair.share)} of ${truth}, ${pictures(pair.count)}`;
    return `<li><strong>${truth}</strong> taken for <strong>${predicted}</strong>: ${how}</li>`;
  });
  return `<h3>Most confused</h3><ol>${items.join("")}</ol>`;
}

export const confusionStyle = `
.confusion { border-collapse: separate; border-spacing: 3px; }
.confusion th, .confusion td { border: 0; padding: 0; }
.confusion thead th { font-weight: 550; text-align: center; vertical-align: bottom; padding: 0 .2rem .35rem; color: var(--ink); font-size: .875rem; }
.confusion thead th:first-child { text-align: left; color: var(--muted); }
.confusion tbody th { padding-right: .8rem; text-align: right; vertical-align: middle; font-size: .875rem; }
.confusion td { width: 4.9rem; height: 4.1rem; text-align: center; vertical-align: middle; border-radius: 6px; background: color-mix(in oklab, var(--heat) calc(var(--share) * 100%), var(--panel)); }
.confusion td > * { display: flex; flex-direction: column; justify-content: center; width: 100%; height: 4.1rem; }
.confusion td b { font-weight: 550; font-size: 1.05rem; line-height: 1.2; }
.confusion td.right b { font-weight: 700; }
.confusion td small { font-size: .78rem; }
.confusion td.total { background: none; color: var(--muted); width: auto; padding-left: .6rem; text-align: right; font-size: .875rem; }
.confusion button { border: 0; border-radius: 6px; padding: 0; background: none; color: inherit; font: inherit; cursor: pointer; }
.confusion button:hover { box-shadow: inset 0 0 0 2px var(--ink); }
.confusion button[aria-pressed="true"] { box-shadow: inset 0 0 0 3px var(--ink); }
#cell:not(:empty) { padding: 1.1rem 1.25rem 1.25rem; margin: .75rem 0 1.5rem; background: var(--panel); border-radius: 10px; }
#cell h3 { margin: 0; }
#cell .faces { max-height: 30rem; overflow-y: auto; padding: 3px; }
#cell button { font: inherit; font-size: .875rem; padding: .35rem .8rem; margin-right: .5rem; border: 1px solid var(--muted); border-radius: 6px; background: var(--paper); color: var(--ink); cursor: pointer; }
@media (max-width: 40rem) {
  .confusion td { width: 2.9rem; height: 3rem; }
  .confusion td > * { height: 3rem; }
  .confusion td b { font-size: .9rem; }
  .confusion td small { font-size: .7rem; }
  .confusion thead th:not(:first-child) span { writing-mode: vertical-rl; transform: rotate(180deg); }
  .confusion tbody th { padding-right: .4rem; }
}
`;
