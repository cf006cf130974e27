/** `docs/reference/commands.md`: every command with its arguments, options and defaults, from commander's definitions. */

import type { EventEmitter } from "node:events";
import type { Argument, Command, Help, Option } from "commander";
import { commandLine } from "../../src/cli/main.ts";
import { code, fence, opening, plain, table } from "./markdown.ts";

export async function commandsPage(): Promise<string> {
  const program = await commandLine(() => {});
  const all = program.commands.flatMap((command) => withInner(command));
  const overview = all.map((command) => [
    `[${code(nameOf(command))}](#${nameOf(command).replaceAll(" ", "-")})`,
    plain(command.description()),
  ]);
  return `${[
    opening(
      "Commands",
      "For people who look up a command or an option. `vultus COMMAND --help` prints the same. " +
        "[Use the command line](../how-to/command-line.md) shows what all commands share: output, exit codes, completion.",
    ),
    table(["command", "what it does"], overview),
    "Every command takes `--help`. `--debug` before the command shows where an error came from.",
    ...all.map(section),
  ].join("\n\n")}\n`;
}

/** A command, then those inside it. */
function withInner(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withInner)];
}

/** Its full name with its parent commands, as a person types it: `vultus data audit`. */
function nameOf(command: Command): string {
  return command.parent ? `${nameOf(command.parent)} ${command.name()}` : command.name();
}

function section(command: Command): string {
  const help = command.createHelp();
  const options = help.visibleOptions(command).filter(({ long }) => long !== "--help");
  const parts = [
    `## ${nameOf(command)}`,
    sentence(plain(command.description())),
    fence(help.commandUsage(command)),
  ];
  if (command.registeredArguments.length > 0)
    parts.push(
      table(
        ["argument", "meaning"],
        command.registeredArguments.map((one) => argumentRow(help, one)),
      ),
    );
  if (options.length > 0)
    parts.push(
      table(
        ["option", "meaning"],
        options.map((one) => optionRow(help, one)),
      ),
    );
  const after = textAfter(command);
  if (after) parts.push(fence(after));
  return parts.join("\n\n");
}

function argumentRow(help: Help, argument: Argument): string[] {
  return [code(help.argumentTerm(argument)), plain(help.argumentDescription(argument))];
}

function optionRow(help: Help, option: Option): string[] {
  return [code(help.optionTerm(option)), plain(help.optionDescription(option))];
}

/** The text that `addHelpText` adds below the options. */
function textAfter(command: Command): string {
  let text = "";
  // Commander's types do not declare that a command emits events.
  (command as unknown as EventEmitter).emit("afterHelp", {
    command,
    error: false,
    write: (part: string) => (text += part),
  });
  return text.trim();
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
