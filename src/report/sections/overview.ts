/** The headline numbers of a run: what was measured, on what, and how far chance could have moved it. */

import { count, list, note, percents, pictures, range, type Section } from "../html.ts";
import { metricTexts } from "../metrics.ts";
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
    return "selected on validation: the epoch was chosen on the pictures that it is measured on";
  return split === "all" ? "on all pictures" : `on the ${split} split`;
}

function headline(evaluation: EvaluationRecord): string {
  const { n, split, accuracy, interval, majority } = evaluation;
  return `<dl class="headline">
${figure("Accuracy", percents(accuracy), `95 % interval ${range(interval)} · ${pictures(n)} · ${splitName(split)}`, "first")}
${figure("Majority baseline", percents(majority), "always answering the largest class")}
${metricTexts(evaluation)
  .map(({ name, value, details }) => figure(name, value, details.join(" · ")))
  .join("\n")}
</dl>`;
}

function figure(name: string, value: string, detail: string, kind = ""): string {
  return `<div${kind ? ` class="${kind}"` : ""}><dt>${escape(name)}</dt><dd class="value">${escape(value)}</dd>${detail ? `<dd class="detail">${escape(detail)}</dd>` : ""}</div>`;
}

function leaked({ n, leaked, withoutLeaked }: EvaluationRecord): string {
  if (!leaked) return "";
  const found = `${count(leaked)} of these ${pictures(n)} are pixel-identical to one that was trained on.`;
  const others = withoutLeaked
    ? `On the other ${count(withoutLeaked.n)} the accuracy is ${percents(withoutLeaked.accuracy)} (95 % interval ${range(withoutLeaked.interval)}).`
    : "No other is left, so this is no measure of new pictures.";
  return note(`${found} ${others}`);
}

function unscored({ history }: RunRecord): string {
  return history.length === 0
    ? "This run has not finished an epoch: there is nothing to report but how it was set up. It can be continued with npx vultus train --resume and this folder."
    : "This run has not been scored: it has not come to its end, or what it wrote there is gone. What follows is what it logged on the way.";
}
