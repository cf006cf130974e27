/** Tables and text as Markdown. */

/** Returns a table; its first column contains names, the others numbers. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(" | ")} |`;
  const rule = head.map((_, k) => (k === 0 ? "---" : "---:"));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Escapes text such as names of classes and files, so that Markdown shows it unchanged. */
export function markdownText(text: string): string {
  return text.replaceAll("\u00a0", " ").replace(/[<>*_`[\]\\#|]/g, "\\$&");
}
