/** The sidebar, from the table of contents in `docs/README.md`, with the pages on the library that only the site has. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { DefaultTheme } from "vitepress";

export function sidebar(root: string): DefaultTheme.SidebarItem[] {
  const [, ...sections] = readFileSync(join(root, "docs", "README.md"), "utf8").split(/^## /m);
  return sections.map((section, i) => {
    const [title = ""] = section.split("\n");
    const links = [...section.matchAll(/^- \[(.+)\]\((.+)\.md\)$/gm)];
    const items = links.map(([, text = "", path = ""]) => ({ text, link: join("/docs", path) }));
    if (title === "Reference") items.push({ text: "Library", link: "/docs/reference/api/" });
    return { text: title, items, collapsed: i > 2 };
  });
}
