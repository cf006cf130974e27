/** The last lines of a long job: what came out, where to look, and what to do next. */

import { fileLink, styled, widthOf } from "./terminal.ts";
import { wrappedCommand } from "./wrap.ts";

/** Eight lines, where the terminal is wide enough: four rows, a heading, and three commands. */
export interface EndCard {
  /** What came out of the job, with its interval. */
  readonly headline: Row;
  readonly details: readonly Row[];
  /** The page to look at; left out where none was written. */
  readonly report?: string | undefined;
  /** Whole commands, which can be pasted. */
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
