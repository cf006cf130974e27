/** Robustness of the model: accuracy by corruption and severity, in warmer colours the more of it is lost. */

import { paragraph, percents, pictures, type Section, scrolling } from "../html.ts";
import { escape } from "../page.ts";
import type { RobustnessRecord, RunRecord } from "../run-record.ts";
import { percent } from "../svg.ts";

export function robustness({ robustness }: RunRecord): Section | undefined {
  if (!robustness) return undefined;
  const { n, clean, meanRelativeDrop, groups, corruptions, people } = robustness;
  const worst = groups.toSorted((a, b) => b.relativeDrop - a.relativeDrop);
  return {
    id: "robustness",
    title: "When images are corrupted",
    html: [
      paragraph(
        `On clean images the accuracy is ${percents(clean)} (${pictures(n)}). Over ${corruptions.length} corruption${corruptions.length === 1 ? "" : "s"}, ${lossText(meanRelativeDrop)} on average. Loss by kind: ${worst.map(({ group, relativeDrop }) => `${group} ${percents(relativeDrop)}`).join(", ")}.`,
      ),
      people
        ? paragraph(
            `On clean images it agrees with the plurality of people on ${percents(people.clean)} of ${pictures(people.n)}. On average, ${lossText(people.meanRelativeDrop, "agreement")}.`,
          )
        : "",
      scrolling("Accuracy on corrupted images", severityTable(robustness)),
    ].join("\n"),
  };
}

/** Describes a drop as a share of the accuracy, or of `of`; some corruptions help. */
function lossText(drop: number, of = "accuracy"): string {
  return drop < 0 ? `${percents(-drop)} of the ${of} is gained` : `${percents(drop)} of the ${of} is lost`;
}

function severityTable({ clean, groups, corruptions }: RobustnessRecord): string {
  const severities = Math.max(0, ...corruptions.map(({ accuracy }) => accuracy.length));
  const columns = Array.from({ length: severities }, (_, k) => `<th scope="col">${k + 1}</th>`).join("");
  const bodies = groups.map(({ group }) => {
    const rows = corruptions
      .filter((corruption) => corruption.group === group)
      .map(({ title, parameter, values, accuracy, relativeDrop }) => {
        const cells = accuracy.map((value, k) => {
          const lost = clean > 0 ? Math.min(1, Math.max(0, (clean - value) / clean)) : 0;
          const setting = `${parameter}: ${Number((values[k] ?? Number.NaN).toPrecision(3))}`;
          return `<td style="--lost:${(lost ** 0.8).toFixed(3)}" title="${escape(setting)}">${percent(value)}</td>`;
        });
        return `<tr><th scope="row">${escape(title)}</th>${cells.join("")}<td class="drop" style="--drop:${Math.max(0, relativeDrop).toFixed(3)}">${percents(relativeDrop)}</td></tr>`;
      });
    return `<tbody><tr><th scope="rowgroup" colspan="${severities + 2}">${escape(group)}</th></tr>${rows.join("\n")}</tbody>`;
  });
  return `<table class="severities"><caption>Accuracy by severity, and the mean loss relative to clean images</caption><thead><tr><th scope="col">corruption</th>${columns}<th scope="col">mean loss</th></tr></thead>${bodies.join("\n")}</table>`;
}

export const robustnessStyle = `
.severities { border-collapse: separate; border-spacing: 2px; }
.severities th, .severities td { border: 0; padding: .22rem .5rem; }
.severities th[scope="rowgroup"] { padding-top: .9rem; font-weight: 650; }
.severities th[scope="row"] { font-weight: 400; }
.severities tr > th:first-child { padding-left: 0; }
.severities thead th:not(:first-child, :last-child) { text-align: center; }
.severities td { min-width: 3.4rem; text-align: center; border-radius: 4px; background: color-mix(in oklab, var(--lost-heat) calc(var(--lost) * 100%), var(--panel)); }
.severities td.drop { min-width: 10rem; text-align: left; background: linear-gradient(var(--lost-heat), var(--lost-heat)) 4.2rem 50% / calc(var(--drop) * 5.6rem) 60% no-repeat; }
@media print { .severities th, .severities td { padding-block: .08rem; } .severities th[scope="rowgroup"] { padding-top: .5rem; } }
`;
