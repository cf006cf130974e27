/** `vultus models`: lists the shipped models, and the backbones that can be trained. */

import { availableParallelism, cpus } from "node:os";
import { Command } from "commander";
import type { ListedModel, ListModelsOptions, ShippedModel } from "../../jobs/list-models.ts";
import { listModels } from "../../jobs/on-demand.ts";
import { indicesByKey } from "../../util/disjoint-sets.ts";
import { withDevice } from "../options.ts";
import { percent, result, resultJson } from "../output.ts";
import { tableText } from "../table.ts";
import { styled, widthOf } from "../terminal.ts";

interface Options extends ListModelsOptions {
  readonly json?: boolean;
}

export function modelsCommand(): Command {
  return withDevice(new Command("models"))
    .description(
      "list the shipped models with accuracy, size and speed, and the trainable backbones with cost and origin",
    )
    .option("--no-speed", "do not measure the speed, which takes a second or two")
    .option("--json", "print JSON")
    .action(async ({ json, ...options }: Options) => {
      const models = await listModels(options);
      if (json) return resultJson(models);
      result([...shippedLines(models, options), ...backboneLines(models)].join("\n"));
    });
}

function shippedLines(models: readonly ListedModel[], { speed, threads }: Options): string[] {
  const shipped = models
    .flatMap(({ name, shipped: own }) => (own ? [{ name, ...own }] : []))
    .toSorted((a, b) => b.accuracy - a.accuracy);
  const [first] = shipped;
  if (!first) return [];
  const rows = shipped.map((model) => [
    model.name,
    accuracyText(model),
    model.n.toLocaleString("en"),
    `${(model.bytes / 1e6).toFixed(1)} MB`,
    ...(model.facesPerSecond === undefined
      ? []
      : [`${Math.round(model.facesPerSecond).toLocaleString("en")} faces/s`]),
  ]);
  const columns = [
    { name: "model" },
    { name: "accuracy" },
    { name: "images", right: true },
    { name: "size", right: true },
    ...(speed === false ? [] : [{ name: "speed here", right: true }]),
  ];
  const measured = `${threads ?? availableParallelism()} threads of ${cpus()[0]?.model.trim() ?? "this processor"}`;
  return [
    tableText(columns, rows, widthOf()),
    `Accuracy, with its 95 % interval: on the ${first.split} images, which also chose the best epoch, of ${first.classes.length} classes (${first.classes.join(", ")}), labelled like the model's training images. Do not compare it with models trained on other data.`,
    ...(speed === false
      ? []
      : [`Speed: measured just now on ${measured}, for faces that are already cropped.`]),
    "",
  ];
}

function accuracyText({ accuracy, interval: [low, high] }: ShippedModel): string {
  return `${percent(accuracy)} (${(100 * low).toFixed(1)} to ${(100 * high).toFixed(1)})`;
}

/** The weights that `--weights imagenet` fetches, and their licences. */
function publishedLines(models: readonly ListedModel[]): string[] {
  const rows = models.flatMap(({ name, published: own }) =>
    own ? [[name, own.title, own.repo, own.licence]] : [],
  );
  const columns = ["imagenet", "weights", "Hugging Face hub", "licence"].map((name) => ({ name }));
  return rows.length > 0 ? [tableText(columns, rows, widthOf()), ""] : [];
}

function purposeLines(models: readonly ListedModel[]): string[] {
  const lines = models.flatMap(({ name, purpose }) => (purpose ? [`${name}: ${purpose}`] : []));
  return lines.length > 0 ? [styled("bold", "good for"), ...lines, ""] : [];
}

function backboneLines(models: readonly ListedModel[]): string[] {
  const columns = [
    { name: "backbone" },
    { name: "parameters", right: true },
    { name: "GMAC", right: true },
    { name: "input", right: true },
    { name: "--weights" },
  ];
  const rows = models.map(({ name, parameters, macs, inputSize, weights }) => [
    name,
    `${(parameters / 1e6).toFixed(1)} M`,
    (macs / 1e9).toFixed(2),
    `${inputSize} px`,
    weights.join(", ") || "a file",
  ]);
  const attentions = indicesByKey(models.map(({ attention }) => attention.join()));
  const alike = indicesByKey(models.map(({ stages }) => stages.join(" ")));
  const named = (indices: readonly number[]): string => indices.map((i) => models[i]?.name).join(", ");
  return [
    tableText(columns, rows, widthOf()),
    "Parameters and GMAC (10^9 multiply-accumulates of one image at this input size): without the classifier.",
    "Weights: imagenet is fetched from the Hugging Face hub (next table), vultus ships, a file is one of your own.",
    "",
    ...publishedLines(models),
    ...purposeLines(models),
    styled("bold", "stages that a recipe can train"),
    ...alike.map((indices) => `${named(indices)}: ${models[indices[0] as number]?.stages.join(" ")}`),
    "",
    styled("bold", "--attention"),
    ...attentions.map((indices) => {
      const kinds = models[indices[0] as number]?.attention ?? [];
      return `${kinds.join(", ") || "none"}: ${named(indices)}`;
    }),
  ];
}
