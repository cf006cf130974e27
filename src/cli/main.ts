/** The command line: its commands, and how errors become messages and exit codes. */

import { Command, CommanderError } from "commander";
import { UnclearNames } from "../data/class-names.ts";
import { spelledAs } from "../util/spelling.ts";
import { version } from "../util/version.node.ts";
import { askOnTerminal, withRenames } from "./ask-classes.ts";
import { exitCodes, failureOf } from "./failure.ts";
import { errorPrefix, helpFormat, helpOutput } from "./help.ts";
import { onCommandLine } from "./invocation.ts";
import type { SetExitCode } from "./options.ts";
import { clearLine, expectResult, hasResult, resultJson, say, Unread } from "./output.ts";

type LoadCommand = () => Promise<(setExitCode: SetExitCode) => Command>;

/** Each command's module, loaded on demand, so that one command's imports don't slow down the start of the others. */
const commands: Readonly<Record<string, LoadCommand>> = {
  quickstart: async () => (await import("./commands/quickstart.ts")).quickstartCommand,
  data: async () => (await import("./commands/data.ts")).dataCommand,
  review: async () => (await import("./commands/review.ts")).reviewCommand,
  train: async () => (await import("./commands/train.ts")).trainCommand,
  watch: async () => (await import("./commands/watch.ts")).watchCommand,
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluateCommand,
  compare: async () => (await import("./commands/compare.ts")).compareCommand,
  predict: async () => (await import("./commands/predict.ts")).predictCommand,
  results: async () => (await import("./commands/results.ts")).resultsCommand,
  explain: async () => (await import("./commands/explain.ts")).explainCommand,
  report: async () => (await import("./commands/report.ts")).reportCommand,
  ensemble: async () => (await import("./commands/ensemble.ts")).ensembleCommand,
  export: async () => (await import("./commands/export.ts")).exportCommand,
  serve: async () => (await import("./commands/serve.ts")).serveCommand,
  runs: async () => (await import("./commands/runs.ts")).runsCommand,
  models: async () => (await import("./commands/models.ts")).modelsCommand,
  completion: async () => (await import("./commands/completion.ts")).completionCommand,
  doctor: async () => (await import("./commands/doctor.ts")).doctorCommand,
};

/** Runs one command and returns its exit code. */
export function run(args: readonly string[]): Promise<number> {
  return spelledAs(onCommandLine, () => runCommand(args));
}

/** The definitions of commands, with all that they inherit. Default: every command. */
export async function commandLine(
  setExitCode: SetExitCode,
  wanted: readonly LoadCommand[] = Object.values(commands),
): Promise<Command> {
  const program = new Command("vultus")
    .description("Train, measure, compare and ship facial-expression classifiers.")
    .version(version)
    .option("--debug", "show the stack trace of an error")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput(helpOutput)
    .configureHelp(helpFormat);
  for (const command of await Promise.all(wanted.map((load) => load())))
    program.addCommand(withSettingsOf(program, command(setExitCode)));
  return program;
}

async function runCommand(args: readonly string[]): Promise<number> {
  let code = 0;
  expectResult();
  const program = await commandLine((value) => (code = value), asked(args));
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    clearLine();
    if (error instanceof Unread) return 0;
    const renames = error instanceof UnclearNames ? await askOnTerminal(error.names) : undefined;
    if (renames) return run(withRenames(args, renames));
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = failureOf(error);
    // Commander has printed its own message.
    if (!(error instanceof CommanderError)) say(`${errorPrefix()} ${failure.message}`);
    if (args.includes("--debug")) say(String((error as Error).stack));
    else if (failure.code === "internal")
      say("this is a bug in vultus; run the command again with --debug and report it");
    if (args.includes("--json") && !hasResult()) resultJson({ error: failure });
    return exitCodes[failure.code];
  }
}

/** Applies settings to all subcommands: commander passes them on to commands that it creates, but not to added ones. */
function withSettingsOf(program: Command, command: Command): Command {
  for (const inner of command.commands) withSettingsOf(program, inner);
  return command.exitOverride().copyInheritedSettings(program);
}

/** Returns the command that the arguments name, or all commands if they name none: help, suggestions and completion need all. */
function asked(args: readonly string[]): LoadCommand[] {
  const name = args.find((arg) => !arg.startsWith("-"));
  if (name === undefined && args.some((arg) => arg === "--version" || arg === "-V")) return [];
  const one = name !== undefined && Object.hasOwn(commands, name) ? commands[name] : undefined;
  return one && name !== "completion" ? [one] : Object.values(commands);
}
