/** The last lines of a long job: the result, where to look, and what to do next. */

import { fileLink, styled, widthOf } from "./terminal.ts";
import { wrappedCommand } from "./wrap.ts";

/** Eight lines on a terminal that is wide enough: four rows, a heading, and three commands. */
export interface EndCard {
  /** The job's main result, with its interval. */
  readonly headline: Row;
  readonly details: readonly Row[];
  /** The page to open; left out if none was written. */
  readonly report?: string | undefined;
  /** Complete commands, ready to paste. */
  readonly next: readonly string[];
}

export type Row = readonly [label: string, text: string];

const LABEL_WIDTH = 15;

export function endCard(
  { headline, details, report, next }: EndCard,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  const row = ([label, text]: Row): string => `${label.padEnd(LABEL_WIDTH)}${text}`;
  const width = widthOf(stream);
  const commands = next.map((command) =>
    wrappedCommand(command, width === undefined ? undefined : width - 2)
      .split("\n")
      .map((line) => `  ${styled("cyan", line, stream)}`)
      .join("\n"),
  );
  return [
    styled("bold", row(headline), stream),
    ...details.map(row),
    ...(report === undefined ? [] : [row(["report", styled("underline", fileLink(report, stream), stream)])]),
    styled("bold", "next", stream),
    ...commands,
  ].join("\n");
}
