/** How commander prints help and errors: as wide as the terminal, and in colour if the terminal supports it. */

import { styleText } from "node:util";
import { Help, type HelpConfiguration, type OutputConfiguration } from "commander";
import { styled, widthOf } from "./terminal.ts";
import { wrapped } from "./wrap.ts";

/** Minimum width of the descriptions next to the terms. With less room they go below the terms. */
const LEAST_WIDTH = 32;
const BELOW = 6;

/** Returns the prefix of an error. */
export function errorPrefix(): string {
  return styled(["bold", "red"], "vultus:", process.stderr);
}

export const helpOutput: OutputConfiguration = {
  getOutHelpWidth: () => widthOf(process.stdout) as number,
  getErrHelpWidth: () => widthOf(process.stderr) as number,
  writeOut: (text) => void process.stdout.write(wrapped(text, widthOf(process.stdout))),
  writeErr: (text) => void process.stderr.write(wrapped(text, widthOf(process.stderr))),
  outputError: (text, write) => write(text.replace(/^error:/, errorPrefix())),
};

/** Commander removes the styles if the output has no colours. */
const always =
  (style: Parameters<typeof styleText>[0]) =>
  (text: string): string =>
    styleText(style, text, { validateStream: false });

export const helpFormat: HelpConfiguration = {
  styleTitle: always("bold"),
  styleCommandText: always("cyan"),
  styleSubcommandText: always("cyan"),
  styleOptionText: always("cyan"),
  styleArgumentText: always("cyan"),
  formatItem(term, termWidth, description, helper) {
    const width = helper.helpWidth ?? 80;
    if (!description || width - termWidth - 4 >= LEAST_WIDTH)
      return Help.prototype.formatItem.call(this, term, termWidth, description, helper);
    const indent = " ".repeat(BELOW);
    const lines = helper.boxWrap(description, width - BELOW).split("\n");
    return [`  ${term}`, ...lines.map((line) => indent + line)].join("\n");
  },
  minWidthToWrap: 20,
};
