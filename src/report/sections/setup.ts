/** How to reproduce a run: its recipe, its machine, and the seed of its random numbers. */

import type { Phase, Recipe } from "../../train/recipe.ts";
import { keptLists } from "../../train/run-folder.node.ts";
import { commandHtml, dataOf, vultus } from "../commands.ts";
import { details, paragraph, type Section, table } from "../html.ts";
import { escape } from "../page.ts";
import type { RunRecord } from "../run-record.ts";

export function setup({ folder, recipe, environment }: RunRecord): Section | undefined {
  if (!recipe && !environment) return undefined;
  return {
    id: "setup",
    title: "How it was made",
    html: [
      recipe ? recipeHtml(recipe) + again(folder, environment) : "",
      environment ? machine(environment) : "",
    ].join("\n"),
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
      `${batchSize} images, ${sampler === "weighted" ? "classes drawn equally often" : "every image once per epoch"}`,
    ],
    ["label smoothing", `${labelSmoothing}`],
    ["seed", `${seed}; determines augmentation, order, dropout and new weights`],
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
    details("The whole recipe", `<pre>${escape(JSON.stringify(recipe, null, 2))}</pre>`),
  ].join("\n");
}

/** Returns the command that trains with the same recipe on the same data. */
function again(folder: string, environment: RunRecord["environment"]): string {
  const data = dataOf(environment);
  const { classes, validation, test } = environment?.request ?? {};
  const command = vultus(
    "train",
    ...(data.length > 0 ? data : ["images"]),
    ...["--recipe", `${folder}/recipe.json`],
    ...(classes ? ["--classes", classes.join(",")] : []),
    ...Object.entries(environment?.rename ?? {}).flatMap(([from, to]) => ["--rename", `${from}=${to}`]),
    ...Object.entries(keptLists(folder)).flatMap(([name, file]) => [`--${name}`, file]),
    ...(environment?.notAClass ? ["--not-a-class", environment.notAClass.join(",")] : []),
    ...(validation === undefined ? [] : ["--validation", `${validation}`]),
    ...(test === undefined ? [] : ["--test", `${test}`]),
  );
  return `${paragraph("This command trains again with the same recipe:")}${commandHtml(command)}`;
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
      ["starting weights", weights || "not recorded"],
      ["vultus", vultus],
      ["ONNX Runtime", onnxruntime],
      ["Node", node],
      ["device", `${device}, ${threads} threads`],
      ["processor", `${cpu}, ${memoryGB} GB of memory`],
      ["started", started.replace("T", " ").replace(/\..*Z$/, " UTC")],
    ],
  });
}
