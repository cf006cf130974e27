/** The headline numbers of a run: what was measured, on what, and how far chance could have moved it. */

import type { MetricName } from "../../metrics/registry.ts";
import { count, details, list, note, percents, pictures, range, type Section, table } from "../html.ts";
import { type MetricText, metricTexts } from "../metrics.ts";
import { escape } from "../page.ts";
import type { EvaluationRecord, RunRecord } from "../run-record.ts";

export function overview(run: RunRecord, notes: readonly string[]): Section {
  const { evaluation, damaged } = run;
  const remarks = [...notes, ...damaged.map((reason) => `left out: ${reason}`)];
  return {
    id: "result",
    title: "Result",
    html: [
      evaluation ? headline(evaluation) : note(unscored(run)),
      evaluation ? leaked(evaluation) : "",
      remarks.length > 0 ? `<div class="muted">${list(remarks)}</div>` : "",
    ].join("\n"),
  };
}

/** What the split says about a number that was measured on it. */
function splitName(split: string): string {
  if (split === "test") return "on the test split, which was scored once";
  if (split === "validation")
    return "selected on validation: the epoch was chosen on the images that it is measured on";
  return split === "all" ? "on all images" : `on the ${split} split`;
}

/** Metrics beside the accuracy; the others are in a table that can be opened. */
const SHOWN: readonly MetricName[] = ["macroF1", "ece"];

function headline(evaluation: EvaluationRecord): string {
  const { n, split, accuracy, interval, majority, people } = evaluation;
  const all = metricTexts(evaluation);
  const shown = all.filter(({ key }) => SHOWN.includes(key));
  return `<dl class="headline">
${figure("Accuracy", percents(accuracy), `95 % interval ${range(interval)} · ${pictures(n)} · ${splitName(split)}`, "first")}
${people ? figure("Agreement with people", percents(people.agreement.value), agreementDetail(people)) : ""}
${figure("Majority baseline", percents(majority), "always answering the largest class")}
${shown.map((metric) => figure(metric.name, metric.value, metric.details.join(" · "))).join("\n")}
</dl>${others(all.filter((metric) => !shown.includes(metric)))}`;
}

function agreementDetail({ agreement, onePerson }: NonNullable<EvaluationRecord["people"]>): string {
  const own = `95 % interval ${range(agreement.interval)} · ${pictures(agreement.n)} with a plurality`;
  return onePerson ? `${own} · one person: ${percents(onePerson.agreement.value)}` : own;
}

function others(rest: readonly MetricText[]): string {
  if (rest.length === 0) return "";
  const rows = rest.map((metric) => [metric.name, metric.value, metric.details.join(", ")]);
  return details(
    `${rest.length} more metrics`,
    table({ caption: "Other metrics of the same answers", head: ["metric", "value", ""], rows }),
  );
}

function figure(name: string, value: string, detail: string, kind = ""): string {
  return `<div${kind ? ` class="${kind}"` : ""}><dt>${escape(name)}</dt><dd class="value">${escape(value)}</dd>${detail ? `<dd class="detail">${escape(detail)}</dd>` : ""}</div>`;
}

function leaked({ n, leaked, withoutLeaked, seen, withoutSeen }: EvaluationRecord): string {
  const of = (found: number): string => `${count(found)} of these ${pictures(n)} are`;
  const others = (rest: EvaluationRecord["withoutSeen"]): string =>
    rest
      ? `On the other ${count(rest.n)} the accuracy is ${percents(rest.accuracy)} (95 % interval ${range(rest.interval)}).`
      : "No other is left, so this is no measure of new images.";
  return [
    leaked ? note(`${of(leaked)} pixel-identical to one that was trained on. ${others(withoutLeaked)}`) : "",
    seen
      ? note(
          `${of(seen)} training images of the weights that this training started from, or near copies of such. ${others(withoutSeen)}`,
        )
      : "",
  ].join("");
}

function unscored({ history }: RunRecord): string {
  return history.length === 0
    ? "This run has not finished an epoch: there is nothing to report but how it was set up. It can be continued with npx vultus train --resume and this folder."
    : "This run has not been scored: it has not come to its end, or what it wrote there is gone. What follows is what it logged on the way.";
}
