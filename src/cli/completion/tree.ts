/** What a shell can complete, taken from commander's tree: commands, options, and the values of options. */

import type { Argument, Command, Option } from "commander";
import { forms } from "../../export/export.node.ts";
import { backbones } from "../../models/registry.ts";
import { detectorNames } from "../../predict/detector-choice.node.ts";
import { recipes } from "../../train/recipes.ts";
import { shippedModels } from "../../weights/shipped.node.ts";

/** The possible values of an option or argument; empty if a shell cannot know them, as for numbers. */
export interface Values {
  readonly words?: readonly string[];
  /** Run folders. */
  readonly runs?: boolean;
  readonly paths?: "files" | "folders";
}

export interface CompletedOption {
  /** As typed: `--model`, and the short form if there is one. */
  readonly names: readonly string[];
  readonly description: string;
  /** Undefined for an option without a value. */
  readonly values?: Values;
  /** Whether the value may be left out. */
  readonly optional: boolean;
}

export interface CompletedCommand {
  /** The names of its parent commands, then its own: `["data", "audit"]`; empty for vultus itself. */
  readonly path: readonly string[];
  readonly description: string;
  readonly commands: readonly CompletedCommand[];
  readonly options: readonly CompletedOption[];
  readonly arguments: readonly { readonly values: Values; readonly variadic: boolean }[];
}

const splits = { words: ["train", "validation", "test", "all"] };
const models: Values = { words: shippedModels(), runs: true, paths: "files" };
const folders: Values = { paths: "folders" };
const files: Values = { paths: "files" };
const recipeNames: Values = { words: Object.keys(recipes), paths: "files" };

/** Values of options that declare no choices, by the option as its command declares it. */
export const ofOptions: Readonly<Record<string, Values>> = {
  "--model <path>": models,
  "--model <name>": { words: backbones.map(({ name }) => name) },
  "--recipe <name>": recipeNames,
  "--weights <source>": { words: ["imagenet", ...shippedModels(), "none"], runs: true, paths: "files" },
  "--to <forms>": { words: Object.keys(forms) },
  "--weights <what>": { words: ["imagenet", "none"], paths: "files" },
  "--split <name>": splits,
  "--detector <name>": { words: detectorNames, paths: "files" },
  "--resume [dir]": { runs: true, paths: "folders" },
  "--data <dirs>": files,
  "--data <a,b,…>": files,
  "--fit <dirs>": files,
};

/** Values of other options and arguments, by their placeholder. */
const ofPlaceholders: Readonly<Record<string, Values>> = {
  file: files,
  path: files,
  data: files,
  photos: files,
  dir: folders,
  dirs: folders,
  folder: folders,
  run: { runs: true, paths: "folders" },
  model: models,
  models,
  a: models,
  b: models,
};

/** Returns the tree below a command. */
export function completedTree(command: Command, path: readonly string[] = []): CompletedCommand {
  const help = command.createHelp();
  return {
    path,
    description: command.description(),
    commands: help.visibleCommands(command).map((inner) => completedTree(inner, [...path, inner.name()])),
    options: [...help.visibleOptions(command), ...help.visibleGlobalOptions(command)].map(completedOption),
    arguments: command.registeredArguments.map(completedArgument),
  };
}

/** Returns the command and all commands below it. */
export function allBelow(command: CompletedCommand): CompletedCommand[] {
  return [command, ...command.commands.flatMap(allBelow)];
}

function completedOption(option: Option): CompletedOption {
  const { short, long, description, required, optional, flags, argChoices } = option;
  const names = [short, long].filter((name) => name !== undefined);
  if (!required && !optional) return { names, description, optional: false };
  const placeholder = /[<[]([^\]>.]+)/.exec(flags)?.[1] ?? "";
  const declared = flags.replace(/^-\w, /, "");
  const values = argChoices
    ? { words: argChoices }
    : (ofOptions[declared] ?? ofPlaceholders[placeholder] ?? {});
  return { names, description, values, optional };
}

function completedArgument(argument: Argument): CompletedCommand["arguments"][number] {
  const { argChoices, variadic } = argument;
  return { values: argChoices ? { words: argChoices } : (ofPlaceholders[argument.name()] ?? {}), variadic };
}
