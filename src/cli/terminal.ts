/** What a terminal can show: its width, styles and links. Pipes and files get none of these. */

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { styleText } from "node:util";
import { createSupportsHyperlinks } from "supports-hyperlinks";

/** Returns the columns of the terminal that `stream` writes to, or COLUMNS if it is set; undefined without a terminal. */
export function widthOf(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  const asked = Number(process.env.COLUMNS);
  if (Number.isInteger(asked) && asked > 0) return asked;
  return stream.isTTY && stream.columns > 0 ? stream.columns : undefined;
}

type Style = Extract<Parameters<typeof styleText>[0], string>;

/** Applies the styles if `stream` shows colours: on a terminal without NO_COLOR, or anywhere with FORCE_COLOR. */
export function styled(
  styles: Style | readonly Style[],
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  // One style at a time: given a list, Node 20 ignores the stream and always applies colours.
  return [styles].flat().reduce<string>((inner, style) => styleText(style, inner, { stream }), text);
}

/** Returns a file's path as a link (escape sequence OSC 8) on a terminal, and the plain path elsewhere. */
export function fileLink(path: string, stream: NodeJS.WriteStream = process.stdout): string {
  if (!createSupportsHyperlinks(stream)) return path;
  return `\u001b]8;;${pathToFileURL(resolve(path)).href}\u0007${path}\u001b]8;;\u0007`;
}
