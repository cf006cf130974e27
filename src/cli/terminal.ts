/** What a terminal can show: its width, styles and links. Nothing of that goes into pipes and files. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { styleText } from "node:util";
import { createSupportsHyperlinks } from "supports-hyperlinks";

/** Columns of the terminal that `stream` writes to. COLUMNS in the environment overrides it; undefined elsewhere. */
export function widthOf(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  const asked = Number(process.env.COLUMNS);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

type Style = Extract<Parameters<typeof styleText>[0], string>;

/** The text in these styles where `stream` shows colours: on a terminal without NO_COLOR, or with FORCE_COLOR anywhere. */
export function styled(
  styles: Style | readonly Style[],
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  // One by one: given a list of styles, Node 20 colours whatever the stream is.
  return [styles].flat().reduce<string>((inner, style) => styleText(style, inner, { stream }), text);
}

/** The path of a file as a link that the terminal opens, by the escape sequence OSC 8; elsewhere the path itself. */
export function fileLink(path: string, stream: NodeJS.WriteStream = process.stdout): string {
  if (!createSupportsHyperlinks(stream)) return path;
  return `\u001b]8;;${pathToFileURL(resolve(path)).href}\u0007${path}\u001b]8;;\u0007`;
}
