/** The model summary that is printed before training. */

import type { Architecture, Description } from "../models/classifier.ts";
import type { Phase, Recipe } from "./recipe.ts";
import { trainableStages } from "./trainable.ts";

/** One line per stage: output, parameters, cost and, for each phase, whether it trains and which statistics normalise it. */
export function modelSummary(architecture: Architecture, { stages }: Description, recipe: Recipe): string {
  const { backbone, head, inputSize } = architecture;
  const trained = recipe.phases.map((phase) => trainableStages(backbone, phase.train));
  const rows = stages.map(({ name, output, parameters, macs }) => [
    name === "head" ? `head (${head})` : name,
    output.join("×"),
    parameters.toLocaleString("en"),
    (macs / 1e6).toFixed(1),
    ...recipe.phases.map((phase, i) => (trained[i]?.has(name) ? `trains, ${normOf(phase, name)}` : "frozen")),
  ]);
  const total = stages.reduce((sum, stage) => sum + stage.parameters, 0);
  const macs = stages.reduce((sum, stage) => sum + stage.macs, 0);
  const header = ["stage", "output", "parameters", "MMAC", ...recipe.phases.map((phase) => phase.name)];
  const footer = [
    "total",
    "",
    total.toLocaleString("en"),
    (macs / 1e6).toFixed(1),
    ...recipe.phases.map(() => ""),
  ];
  const { name, attention } = backbone;
  return `${name}${attention ? ` with ${attention}` : ""}, ${inputSize} px\n${table([header, ...rows, footer])}`;
}

/** The statistics that a stage's batch norms use while it trains. */
function normOf(phase: Phase, stage: string): string {
  return stage === "head" || phase.batchNorm === "batch" ? "batch statistics" : "running statistics";
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const numeric = new Set([2, 3]);
  const cell = (text: string, column: number): string =>
    numeric.has(column) ? text.padStart(widths[column] ?? 0) : text.padEnd(widths[column] ?? 0);
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd()).join("\n");
}
