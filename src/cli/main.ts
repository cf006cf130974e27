/** The command line: its commands, and how errors become messages and exit codes. */

import { Command, CommanderError } from "commander";
import { messageOf, UsageError, VultusError } from "../util/errors.ts";
import { compareCommand } from "./commands/compare.ts";
import { dataCommand } from "./commands/data.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { evaluateCommand } from "./commands/evaluate.ts";
import { explainCommand } from "./commands/explain.ts";
import { exportCommand } from "./commands/export.ts";
import { modelsCommand } from "./commands/models.ts";
import { predictCommand } from "./commands/predict.ts";
import { quickstartCommand } from "./commands/quickstart.ts";
import { reportCommand } from "./commands/report.ts";
import { trainCommand } from "./commands/train.ts";
import { clearLine, say } from "./output.ts";
import { version } from "./version.ts";

/** Exit codes: the work failed or some input did; the request was wrong. */
const FAILED = 1;
const WRONG_REQUEST = 2;

/** Runs one command and returns its exit code. */
export async function run(args: readonly string[]): Promise<number> {
  const program = new Command("vultus")
    .description("Train, measure, compare and ship facial-expression classifiers.")
    .version(version)
    .option("--debug", "show where an error came from")
    .showSuggestionAfterError(true)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, "vultus: ")) });
  const commands = [
    quickstartCommand,
    dataCommand,
    trainCommand,
    evaluateCommand,
    compareCommand,
    predictCommand,
    explainCommand,
    reportCommand,
    exportCommand,
    modelsCommand,
    doctorCommand,
  ];
  let code = 0;
  for (const command of commands)
    program.addCommand(
      withSettingsOf(
        program,
        command((value) => (code = value)),
      ),
    );
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    clearLine();
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_REQUEST;
    const known = error instanceof VultusError;
    say(`vultus: ${messageOf(error)}`);
    if (args.includes("--debug")) say(String((error as Error).stack));
    else if (!known) say("this is a fault of vultus; run again with --debug and report it");
    return error instanceof UsageError ? WRONG_REQUEST : FAILED;
  }
}

/** Commander passes settings on to commands that it makes itself, and not to those of commands that are added. */
function withSettingsOf(program: Command, command: Command): Command {
  for (const inner of command.commands) withSettingsOf(program, inner);
  return command.exitOverride().copyInheritedSettings(program);
}
