/** Tables and text as Markdown. */

/** The first column holds names, the others numbers. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownText).join(" | ")} |`;
  const rule = head.map((_, k) => (k === 0 ? "---" : "---:"));
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** Names of classes and files come from elsewhere: in Markdown they stay text. */
export function markdownText(text: string): string {
  return text.replaceAll("\u00a0", " ").replace(/[<>*_`[\]\\#|]/g, "\\$&");
}
