/** Files by pattern, for shells that do not expand patterns, and for quoted ones. */

import { dirname } from "node:path";
import { picturesBelow } from "../data/folder.node.ts";

/** Whether a path is a pattern: it holds `*`, `?`, `[…]` or `{…,…}`. */
export function isGlob(path: string): boolean {
  return /[*?]|\[.+\]|\{.*,.*\}/.test(path);
}

/** The files that match, in order of their names: `*` and `?` stay within a folder, `**` does not. */
export function* globbed(pattern: string): Generator<string> {
  const fixed = pattern.slice(0, pattern.search(/[*?[{]/));
  const root = fixed.endsWith("/") && fixed !== "/" ? fixed.slice(0, -1) : dirname(`${fixed}x`);
  const expression = new RegExp(`^${expressionOf(pattern.replace(/^(\.\/)+/, ""))}$`);
  for (const path of picturesBelow(root)) if (expression.test(path)) yield path;
}

function expressionOf(pattern: string): string {
  let braces = 0;
  const parts = pattern.match(/\*\*\/|\*+|\?|\[[^\]]*\]|[{},]|[^*?[{},]/g) ?? [];
  return parts
    .map((part) => {
      if (part === "**/") return "(?:[^/]+/)*";
      if (part === "**") return ".*";
      if (part.startsWith("*")) return "[^/]*";
      if (part === "?") return "[^/]";
      if (part.startsWith("[")) return part.replace(/^\[!/, "[^");
      if (part === "{") return braces++ >= 0 ? "(?:" : part;
      if (part === "}" && braces > 0) return braces-- > 0 ? ")" : part;
      if (part === "," && braces > 0) return "|";
      return part.replace(/[.+^$()|\\{}]/g, "\\$&");
    })
    .join("");
}
