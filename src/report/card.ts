/** A model card as sections, and as Markdown. */

import { markdownTable, markdownText } from "./markdown.ts";

export interface CardSection {
  readonly title: string;
  readonly paragraphs: readonly string[];
  readonly items?: readonly string[];
  readonly table?: {
    readonly caption: string;
    readonly head: readonly string[];
    readonly rows: readonly (readonly string[])[];
  };
}

/** Returns a card as Markdown, with the model's name as its title. */
export function cardMarkdown(name: string, sections: readonly CardSection[]): string {
  const parts = sections.map(({ title, paragraphs, items = [], table }) =>
    [
      `## ${title}`,
      ...paragraphs.map(markdownText),
      ...(items.length > 0 ? [items.map((item) => `- ${markdownText(item)}`).join("\n")] : []),
      ...(table ? [markdownTable(table.head, table.rows)] : []),
    ].join("\n\n"),
  );
  return `${[`# Model card: ${markdownText(name)}`, ...parts].join("\n\n")}\n`;
}
