/** `vultus runs`: lists the runs in a folder, with their scores, recipes, data and durations. */

import { basename } from "node:path";
import { Command, Option } from "commander";
import { type ListedRun, type RunOrder, runOrders } from "../../jobs/list-runs.ts";
import { listRuns } from "../../jobs/on-demand.ts";
import { metrics } from "../../metrics/registry.ts";
import { command } from "../invocation.ts";
import { duration, metricText, percent, result, resultJson } from "../output.ts";
import { type Column, tableText } from "../table.ts";
import { styled, widthOf } from "../terminal.ts";

interface Options {
  readonly sort: RunOrder;
  readonly reverse?: boolean;
  readonly json?: boolean;
}

/** Maximum number of hints below the table. */
const HINTS = 3;

export function runsCommand(): Command {
  return new Command("runs")
    .description("list the runs in a folder, with score, recipe, data, duration and status")
    .argument("[dir]", "folder that holds run folders", "runs")
    .addOption(
      new Option("--sort <by>", "best, newest or longest first, or alphabetical")
        .choices(runOrders)
        .default("started"),
    )
    .option("--reverse", "reverse the order")
    .option("--json", "print JSON")
    .action(async (folder: string, { sort, reverse, json }: Options) => {
      const runs = await listRuns({ folder, sort, reverse });
      if (json) return resultJson(runs);
      if (runs.length === 0) return result(`no runs found in ${folder}`);
      result([runsText(runs, sort), ...notes(runs)].join("\n"));
    });
}

function runsText(runs: readonly ListedRun[], sort: RunOrder): string {
  const metric = sort in metrics ? metrics[sort as keyof typeof metrics] : undefined;
  const columns: Column[] = [
    { name: "run" },
    { name: "status" },
    { name: "accuracy" },
    ...(metric ? [{ name: metric.label, right: true }] : []),
    { name: "scored on" },
    { name: "model" },
    { name: "recipe" },
    { name: "data" },
    { name: "took", right: true },
    { name: "started" },
  ];
  const rows = runs.map((run) => [
    run.folder,
    statusText(run),
    accuracyText(run),
    ...(metric ? [metricText(metric, run.metrics?.[sort as keyof typeof metrics] ?? Number.NaN)] : []),
    run.n === undefined ? "" : `${run.n.toLocaleString("en")} ${run.split}`,
    run.model ?? "",
    run.recipe ?? "",
    run.data.map((path) => basename(path)).join(", "),
    run.seconds === undefined ? "" : duration(run.seconds),
    run.started === undefined ? "" : run.started.slice(0, 16).replace("T", " "),
  ]);
  return tableText(columns, rows, widthOf());
}

function statusText({ status }: ListedRun): string {
  if (status === "finished") return styled("green", status);
  return styled(
    status === "running" ? "cyan" : status === "failed" || status === "damaged" ? "red" : "yellow",
    status,
  );
}

function accuracyText({ accuracy, interval, best }: ListedRun): string {
  if (accuracy === undefined) return best === undefined ? "" : `${percent(best)} so far`;
  const within = interval ? ` (${interval.map((end) => (100 * end).toFixed(1)).join(" to ")})` : "";
  return `${percent(accuracy)}${within}`;
}

/** Reports failed and damaged runs, how to continue runs, and when scores are not comparable. */
function notes(runs: readonly ListedRun[]): string[] {
  const wrong = runs.flatMap(({ folder, status, reason }) =>
    reason === undefined ? [] : [`${folder} ${status === "failed" ? "failed" : "is damaged"}: ${reason}`],
  );
  const stopped = runs.filter(({ status }) => status === "interrupted" || status === "stopped");
  const scored = new Set(
    runs.flatMap(({ accuracy, fingerprint, split }) =>
      accuracy === undefined ? [] : [`${fingerprint} ${split}`],
    ),
  );
  const lines = [
    ...wrong,
    ...stopped
      .slice(0, HINTS)
      .map(({ folder }) => `continue ${folder}: \`${command("train", "--resume", folder)}\``),
    ...(scored.size > 1
      ? [
          "These runs were not all scored on the same images, so their accuracies are not comparable; use compare.",
        ]
      : []),
  ];
  return lines.length > 0 ? ["", ...lines] : [];
}
