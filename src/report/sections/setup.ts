/** How a run can be made again: its recipe, the machine it ran on, and what its random numbers follow from. */

import type { Phase, Recipe } from "../../train/recipe.ts";
import { details, type Section, table } from "../html.ts";
import { escape } from "../page.ts";
import type { RunRecord } from "../run-record.ts";

export function setup({ recipe, environment }: RunRecord): Section | undefined {
  if (!recipe && !environment) return undefined;
  return {
    id: "setup",
    title: "How it was made",
    html: [recipe ? recipeHtml(recipe) : "", environment ? machine(environment) : ""].join("\n"),
  };
}

function recipeHtml(recipe: Recipe): string {
  const { name, model, head, inputSize, batchSize, seed, labelSmoothing, sampler, phases } = recipe;
  const facts = [
    ["recipe", name],
    ["network", `${model}, head ${head}`],
    ["input", `${inputSize} × ${inputSize} px`],
    [
      "batch",
      `${batchSize} pictures, ${sampler === "weighted" ? "classes drawn equally often" : "every picture once an epoch"}`,
    ],
    ["label smoothing", `${labelSmoothing}`],
    ["seed", `${seed}: augmentation, order, dropout and new weights all follow from it`],
  ];
  return [
    table({ caption: "Recipe", head: [], rows: facts }),
    table({
      caption: "Phases",
      head: [
        "phase",
        "trains",
        "epochs, at most",
        "optimizer",
        "rate",
        "schedule",
        "weight decay",
        "patience",
      ],
      rows: phases.map(phaseRow),
    }),
    "<p>Started again with the same numbers by <code>vultus train DATA --recipe recipe.json</code>, with the recipe of this run folder.</p>",
    details("The whole recipe", `<pre>${escape(JSON.stringify(recipe, null, 2))}</pre>`),
  ].join("\n");
}

function phaseRow({ name, train, epochs, optimizer, schedule, patience }: Phase): string[] {
  return [
    name,
    typeof train === "number" ? `head and ${train} groups` : [train].flat().join(", "),
    `${epochs}`,
    optimizer.type,
    optimizer.learningRate.toExponential(0).replace("-", "\u2011"),
    schedule.type,
    `${optimizer.weightDecay}`,
    `${patience}`,
  ];
}

function machine(environment: NonNullable<RunRecord["environment"]>): string {
  const { vultus, node, onnxruntime, cpu, threads, device, memoryGB, weights, started } = environment;
  return table({
    caption: "Environment",
    head: [],
    rows: [
      ["weights at the start", weights || "not recorded"],
      ["vultus", vultus],
      ["ONNX Runtime", onnxruntime],
      ["Node", node],
      ["device", `${device}, ${threads} threads`],
      ["processor", `${cpu}, ${memoryGB} GB of memory`],
      ["started", started.replace("T", " ").replace(/\..*Z$/, " UTC")],
    ],
  });
}
