/** `vultus completion`: prints a script that makes a shell complete commands, options and their values. */

import { Argument, Command } from "commander";
import { bashCompletion } from "../completion/bash.ts";
import { fishCompletion } from "../completion/fish.ts";
import { type CompletedCommand, completedTree } from "../completion/tree.ts";
import { zshCompletion } from "../completion/zsh.ts";
import { resultAsIs } from "../output.ts";

const shells: Readonly<Record<string, (root: CompletedCommand) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export function completionCommand(): Command {
  return new Command("completion")
    .description("print a shell completion script, for commands, options, run folders, models and files")
    .addArgument(new Argument("<shell>", "shell to print the script for").choices(Object.keys(shells)))
    .addHelpText(
      "after",
      `
Where to put the script, once vultus is on the PATH (npm install --global vultus):
  vultus completion bash > ~/.local/share/bash-completion/completions/vultus
  vultus completion zsh > ~/.zfunc/_vultus    # with fpath+=~/.zfunc before compinit
  vultus completion fish > ~/.config/fish/completions/vultus.fish`,
    )
    .action((shell: string, _: object, command: Command) => {
      const write = shells[shell];
      if (write && command.parent) resultAsIs(write(completedTree(command.parent)));
    });
}
