/** The headline numbers of a run: what was measured, on which images, with which interval. */

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

/** Describes the split, and what it means for a number measured on it. */
function splitName(split: string): string {
  if (split === "test") return "on the test split, which was scored once";
  if (split === "validation") return "selected on validation: the same images also chose the epoch";
  return split === "all" ? "on all images" : `on the ${split} split`;
}

/** Metrics shown next to the accuracy; the others are in a table that can be opened. */
const SHOWN: readonly MetricName[] = ["macroF1", "ece"];

function headline(evaluation: EvaluationRecord): string {
  const { n, split, accuracy, interval, majority, people } = evaluation;
  const all = metricTexts(evaluation);
  const shown = all.filter(({ key }) => SHOWN.includes(key));
  return `<dl class="headline">
${figure("Accuracy", percents(accuracy), `95 % interval ${range(interval)} · ${pictures(n)} · ${splitName(split)}`, "first")}
${people ? figure("Agreement with people", percents(people.agreement.value), agreementDetail(people)) : ""}
${figure("Majority baseline", percents(majority), "always predicting the largest class")}
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
    table({ caption: "Other metrics of the same predictions", head: ["metric", "value", ""], rows }),
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
      : "No other images are left, so this does not measure new images.";
  return [
    leaked ? note(`${of(leaked)} pixel-identical to a training image. ${others(withoutLeaked)}`) : "",
    seen
      ? note(
          `${of(seen)} training images of the starting weights, or near copies of them. ${others(withoutSeen)}`,
        )
      : "",
  ].join("");
}

function unscored({ history }: RunRecord): string {
  return history.length === 0
    ? "This run has not finished an epoch, so this report shows only how it was set up. To continue the run, use npx vultus train --resume with this folder."
    : "This run has no score: it has not finished, or the files of its score are missing. The sections below show what it logged so far.";
}
